import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { startRedis } from "../support/redis.ts";
import { F1, group, write } from "./suite/subject.ts";

const server = await startRedis({ "repl-diskless-sync-delay": "0" });
const backend = connectRedisStore({ url: server.url, durability: { kind: "everysec" } });
const { store, intake } = backend;

after(async () => {
  await backend.close();
  await server.stop();
});

/** Every call refuses as `unavailable` before the two seconds of the contract are over. */
async function refusesInTime(call: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await assert.rejects(call, { name: "AppError", code: "unavailable" });
  const took = performance.now() - started;
  assert.ok(took < 2_000, `took ${took} ms`);
}

const CALLS: Record<string, () => Promise<unknown>> = {
  commit: () => write(store, { write: "append", list: "l", items: [{}] }),
  claim: () => store.claim("r", 1_000),
  loadRun: () => store.loadRun("r"),
  pauses: () => store.pauses(),
  accept: () => intake.accept(...group([{ fingerprint: "late" }])),
  read: () => intake.read({ count: 1, block: 100 }),
  states: () => intake.states([F1]),
  backlog: () => intake.backlog(),
};

describe("Redis away", () => {
  it("everything acknowledged is there after SIGKILL and restart, and no call needs a restart of stanch", async () => {
    const bodies = Array.from({ length: 200 }, (_, n) => group([{ fingerprint: `f${n}` }], `g${n}`));
    await Promise.all(bodies.map(([alerts, body]) => intake.accept(alerts, body)));
    await write(
      store,
      { write: "append", list: "l", items: [{ kept: true }] },
      { write: "lock", locks: ["x"], owner: "r" },
    );
    await sleep(1_100);
    await server.kill();
    await Promise.all(Object.values(CALLS).map(refusesInTime));
    await server.restart();
    assert.deepEqual(await store.list("l"), [{ kept: true }]);
    assert.deepEqual({ ...(await store.locks(["x"])) }, { x: "r" });
    assert.equal((await intake.backlog()).entries, 200);
    const read = await intake.read({ count: 500, block: 1_000 });
    assert.equal(new Set(read.flatMap(({ changed }) => changed)).size, 200);
    const [alerts, body] = bodies[0] ?? group([]);
    assert.deepEqual(await intake.accept(alerts, body), { accepted: 0, unchanged: 1 });
    const refused = await intake.states([{ source: "alertmanager", fingerprint: "late" }]);
    assert.deepEqual(refused, [undefined], "what was refused is not done later");
  });

  it("a server that hangs is as good as away, and serves again once it moves", async () => {
    server.freeze();
    await Promise.all(Object.entries(CALLS).map(([name, call]) => (name === "read" ? undefined : refusesInTime(call))));
    server.thaw();
    assert.equal(typeof (await store.now()), "number");
  });

  it("scripts that the server forgot are sent again", async () => {
    const admin = new Redis(server.url);
    await admin.script("FLUSH");
    admin.disconnect();
    await write(store, { write: "append", list: "m", items: [{}] });
    assert.equal(await store.length("m"), 1);
    assert.deepEqual(await intake.accept(...group([{ fingerprint: "s" }], "s")), { accepted: 1, unchanged: 0 });
    assert.equal((await intake.states([{ source: "alertmanager", fingerprint: "s" }]))[0]?.opening, 1);
  });

  it("FLUSHALL under a blocked read loses the group, and the next entry arrives all the same", async () => {
    const admin = new Redis(server.url);
    await intake.read({ count: 500, block: 0 });
    const reading = intake.read({ count: 9, block: 3_000 });
    await sleep(50);
    await admin.flushall();
    admin.disconnect();
    await intake.accept(...group([{ fingerprint: "after" }]));
    assert.deepEqual(
      (await reading).map(({ changed }) => changed),
      [["after"]],
    );
  });

  it("a full Redis refuses with the remedy, and goes on once there is room", async () => {
    const admin = new Redis(server.url);
    await admin.config("SET", "maxmemory", "1mb");
    const call = () => intake.accept(...group([{ fingerprint: "full" }], "full"));
    await assert.rejects(call, { code: "unavailable", message: /OOM.*raise maxmemory/ });
    await admin.config("SET", "maxmemory", "0");
    admin.disconnect();
    assert.deepEqual(await call(), { accepted: 1, unchanged: 0 });
  });
});

describe("two processes on one Redis", () => {
  it("a digest remembered here is no proof: what another process closed opens again", async () => {
    const other = connectRedisStore({ url: server.url, durability: { kind: "everysec" } });
    const [alerts, body] = group([{ fingerprint: "p" }], "p");
    await intake.accept(alerts, body);
    await other.intake.accept(...group([{ fingerprint: "p", status: "resolved" }], "p"));
    assert.equal(await intake.repeated("alertmanager", body), undefined);
    assert.deepEqual(await intake.accept(alerts, body), { accepted: 1, unchanged: 0 });
    await other.close();
  });

  it("share the entries: each is handed to one of them, and a dead one's are reclaimed", async () => {
    const other = connectRedisStore({ url: server.url, durability: { kind: "everysec" } });
    await intake.read({ count: 500, block: 0 });
    for (const key of ["c1", "c2"]) await intake.accept(...group([{ fingerprint: key }], key));
    const [theirs] = await other.intake.read({ count: 1, block: 0 });
    const ours = await intake.read({ count: 9, block: 0 });
    assert.deepEqual([theirs?.changed, ours.map(({ changed }) => changed)], [["c1"], [["c2"]]]);
    await other.close();
    await sleep(20);
    const taken = (await intake.reclaim(10)).find(({ id }) => id === theirs?.id);
    assert.deepEqual([taken?.changed, taken?.deliveries], [["c1"], 2]);
  });
});

describe("durability wait:N", () => {
  it("answers only when enough replicas have it; until then the sender is told to come back", async () => {
    const replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` }).catch(() => undefined);
    const waiting = connectRedisStore({ url: server.url, durability: { kind: "wait", replicas: 1 } });
    const durable = () => waiting.store.commit({ checks: [], writes: [], durable: true });
    const [alerts, body] = group([{ fingerprint: "w" }], "w");
    assert.ok(replica, "a replica starts");
    await linked(server.url);
    assert.deepEqual(await waiting.intake.accept(alerts, body), { accepted: 1, unchanged: 0 });
    assert.equal((await durable()).ok, true);
    await replica.kill();
    await refusesInTime(() => waiting.intake.accept(...group([{ fingerprint: "w2" }], "w")));
    await refusesInTime(durable);
    await waiting.close();
    await replica.stop();
  });
});

async function linked(url: string): Promise<void> {
  const admin = new Redis(url);
  for (let tries = 0; tries < 300; tries++) {
    if ((await admin.info("replication")).includes("state=online")) break;
    await sleep(20);
  }
  admin.disconnect();
}
