import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Redis } from "ioredis";
import { redisGet } from "../../src/actions/redis/get.ts";
import { redisInfo } from "../../src/actions/redis/info.ts";
import { redisPing } from "../../src/actions/redis/ping.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { connectionsOf, contextOf, failureOf, outputOf } from "./support.ts";

let server: TestRedis;
let redis: Redis;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  connections = connectionsOf({
    redis: { state: { url: server.url }, locked: { url: server.url.replace("//", "//nobody:wrong-password@") } },
  });
});
after(async () => {
  await redis.quit();
  await server.stop();
});

const get = async (key: string) => redisGet.run({ connection: "state", key }, contextOf(connections));

test("a missing key, an empty one and a number are told apart", async () => {
  await redis.mset({ empty: "", count: "42", name: "x" });
  assert.deepEqual(outputOf(await get("none")), { exists: false, value: null, number: null, bytes: 0 });
  assert.deepEqual(outputOf(await get("empty")), { exists: true, value: "", number: null, bytes: 0 });
  assert.deepEqual(outputOf(await get("count")), { exists: true, value: "42", number: 42, bytes: 2 });
});

test("a long value is cut and a key of another type is a failure", async () => {
  await redis.set("long", "x".repeat(1_000_000));
  await redis.lpush("list", "a");
  const output = outputOf(await get("long"));
  assert.deepEqual([String(output.value).length, output.bytes], [1_024, 1_000_000]);
  assert.match(failureOf(await get("list")).message, /WRONGTYPE/);
});

test("INFO comes as numbers under Redis's own names", async () => {
  const { values } = outputOf(
    await redisInfo.run({ connection: "state", section: "clients" }, contextOf(connections)),
  ) as { values: Record<string, unknown> };
  assert.equal(typeof values["connected_clients"], "number");
  assert.equal(typeof values["maxclients"], "number");
});

test("refused credentials are denied, and not in the message", async () => {
  const denied = failureOf(await redisPing.run({ connection: "locked" }, contextOf(connections)));
  assert.equal(denied.reason, "denied");
  assert.ok(!denied.message.includes("wrong-password"));
});

test("a frozen server is a timeout that was not sent", async () => {
  server.freeze();
  const frozen = failureOf(
    await redisPing.run({ connection: "state" }, contextOf(connections, { signal: AbortSignal.timeout(200) })),
  );
  server.thaw();
  assert.deepEqual([frozen.reason, frozen.sent], ["timeout", "no"]);
});
