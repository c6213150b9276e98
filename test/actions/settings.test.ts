import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Redis } from "ioredis";
import { settingsGet } from "../../src/actions/settings/get.ts";
import { settingsSet } from "../../src/actions/settings/set.ts";
import type { Output } from "../../src/core/action.ts";
import { type SettingsStub, STUB_SETTINGS, startSettingsStub } from "../stubs/settings.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { connectionsOf, contextOf, failureOf, outputOf, perform, RULES } from "./support.ts";

let gateway: SettingsStub;
let server: TestRedis;
let redis: Redis;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  [gateway, server] = await Promise.all([startSettingsStub(), startRedis()]);
  redis = new Redis(server.url);
  connections = connectionsOf({
    http: { router: { baseUrl: gateway.url, allowPrivate: true, headers: {} } },
    redis: { state: { url: server.url } },
    settings: {
      gateway: { kind: "http", http: "router", path: "/settings", allow: RULES },
      redis: { kind: "redis", redis: "state", prefix: "s:", allow: RULES },
    },
  });
});
beforeEach(async () => {
  gateway.heal();
  gateway.effects.length = 0;
  Object.assign(gateway, { settings: { ...STUB_SETTINGS }, plain: false, deaf: false });
  await redis.flushdb();
});
after(async () => {
  await Promise.all([connections.close(), redis.quit(), gateway.close()]);
  await server.stop();
});

const set = (input: Output) => perform(settingsSet, { connection: "gateway", ...input }, contextOf(connections));
/** A number written as it stands; the types of this version do not know it yet. */
const rawJson = (text: string) => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
const puts = () => gateway.requests.filter(({ method }) => method === "PUT").length;

test("a resource with a number that would come back rounded is left alone", async () => {
  for (const [text, rounded] of [
    ["9007199254740993", true],
    ["0.30000000000000004", false],
    ["1e21", false],
    ["1e999", true],
  ] as const) {
    Object.assign(gateway, { settings: { ...STUB_SETTINGS, note: 'a "12345678901234567890"', id: rawJson(text) } });
    const sent = puts();
    const result = await set({ name: "MODE", value: "cheap" });
    assert.equal(!result.ok && /would come back rounded/.test(result.message), rounded, JSON.stringify(result));
    assert.equal(puts() - sent, rounded ? 0 : 1);
  }
});

test("only what is listed is written or read, within type and range, and nothing is sent otherwise", async () => {
  const sent = gateway.requests.length;
  const refused: Output[] = [
    { name: "ADMIN_TOKEN", value: "x" },
    { name: "constructor", value: "x" },
    { name: "__proto__", value: "x" },
    { name: "SHED_RATE", value: 0.6 },
    { name: "SHED_RATE", value: -0.1 },
    { name: "SHED_RATE", value: "0.1" },
    { name: "FALLBACK_ENABLED", value: "true" },
    { name: "MODE", value: "wild" },
  ];
  for (const input of refused) assert.equal(failureOf(await set(input)).reason, "refused", JSON.stringify(input));
  assert.equal(
    failureOf(await settingsGet.run({ name: "ADMIN_TOKEN", connection: "gateway" }, contextOf(connections))).reason,
    "refused",
  );
  assert.equal(gateway.requests.length, sent);
});

test("the other settings of the resource stay as they are", async () => {
  outputOf(await set({ name: "SHED_RATE", value: 0.1 }));
  assert.deepEqual(gateway.settings, { ...STUB_SETTINGS, SHED_RATE: 0.1 });
});

test("a setting that has the value already is left alone, and there is nothing to undo", async () => {
  const sent = puts();
  const output = outputOf(await set({ name: "FALLBACK_ENABLED", value: false }));
  assert.equal(output.changed, false);
  assert.equal(puts(), sent);
  assert.equal(settingsSet.revert?.({ name: "FALLBACK_ENABLED", value: false }, output), undefined);
});

test("a former value that could not be written back is refused at once", async () => {
  gateway.settings = { ...STUB_SETTINGS, SHED_RATE: 0.9 };
  assert.match(
    failureOf(await set({ name: "SHED_RATE", value: 0.1 })).message,
    /0.9 could not be restored .* widen allow/,
  );
});

test("a revert never undoes what somebody else has changed since", async () => {
  const input = { name: "SHED_RATE", value: 0.1, connection: "gateway" };
  const undo = settingsSet.revert?.(input, outputOf(await set(input)));
  assert.deepEqual(undo?.with, { connection: "gateway", name: "SHED_RATE", value: 0, expected: 0.1 });
  gateway.settings = { ...gateway.settings, SHED_RATE: 0.3 };
  const sent = puts();
  const refused = failureOf(await set(undo?.with ?? {}));
  assert.deepEqual([refused.reason, refused.sent, refused.retryable], ["conflict", "refused", false]);
  assert.match(refused.message, /it is 0.3 now, not 0.1; somebody changed it since, so decide by hand/);
  assert.equal(puts(), sent);
});

test("a setting that was not set before is removed again", async () => {
  for (const connection of ["gateway", "redis"]) {
    const input = { connection, name: "UNSET", value: 5 };
    const undo = settingsSet.revert?.(input, outputOf(await set(input)));
    assert.equal(undo?.with["value"], null);
    outputOf(await set(undo?.with ?? {}));
  }
  assert.equal("UNSET" in gateway.settings, false);
  assert.equal(await redis.exists("s:UNSET"), 0);
});

test("a gateway that accepts a change and ignores it is found out", async () => {
  gateway.deaf = true;
  const ignored = failureOf(await set({ name: "FALLBACK_ENABLED", value: true }));
  assert.deepEqual([ignored.reason, ignored.sent], ["target_failed", "unknown"]);
});

test("a change between reading and writing is a conflict, by ETag and by script", async () => {
  const context = contextOf(connections);
  const input = { name: "SHED_RATE", value: 0.1 };
  const before = { value: 0 };
  gateway.settings = { ...STUB_SETTINGS, SHED_RATE: 0.2 };
  await redis.set("s:SHED_RATE", "0.2");
  for (const connection of ["gateway", "redis"])
    assert.equal(failureOf(await settingsSet.run({ ...input, connection }, context, before)).reason, "conflict");
  gateway.fail({ kind: "status", status: 412 }, { on: /^PUT/, times: 1 });
  assert.equal(failureOf(await set(input)).reason, "conflict");
});

test("many writers from one former value: one wins", async () => {
  await redis.set("s:SHED_RATE", "0");
  const inputs = [0.1, 0.2, 0.3, 0.4].map((value) => ({ connection: "redis", name: "SHED_RATE", value, expected: 0 }));
  const results = await Promise.all(
    inputs.map((input) => settingsSet.run(input, contextOf(connections), { value: 0 })),
  );
  assert.equal(results.filter(({ ok }) => ok).length, 1);
});

test("a key keeps its expiry and a value of another type is not touched", async () => {
  await redis.set("s:SHED_RATE", "0", "EX", 100);
  outputOf(await set({ connection: "redis", name: "SHED_RATE", value: 0.1 }));
  assert.ok((await redis.ttl("s:SHED_RATE")) > 90);
  await redis.set("s:FALLBACK_ENABLED", "perhaps");
  assert.equal(
    failureOf(await set({ connection: "redis", name: "FALLBACK_ENABLED", value: true })).reason,
    "bad_response",
  );
});

async function verdict(
  intent: Output | undefined,
  present: object,
  input: Output = { name: "FALLBACK_ENABLED", value: true },
) {
  gateway.settings = { ...STUB_SETTINGS, ...present };
  const read = await settingsSet.reconcile?.({ connection: "gateway", ...input }, contextOf(connections), {
    at: Date.now(),
    attempt: 1,
    ...(intent && { before: intent }),
  });
  return read?.verdict;
}

test("after a crash the value tells; without an ETag a missing change stays unknown", async () => {
  assert.equal(await verdict({ value: false }, { FALLBACK_ENABLED: true }), "done");
  assert.equal(await verdict({ value: false }, { FALLBACK_ENABLED: false }), "not-done");
  assert.equal(await verdict(undefined, { FALLBACK_ENABLED: true }), "unknown");
  assert.equal(await verdict({ value: 0 }, { SHED_RATE: 0.3 }, { name: "SHED_RATE", value: 0.1 }), "unknown");
  gateway.plain = true;
  assert.equal(await verdict({ value: false }, { FALLBACK_ENABLED: false }), "unknown");
});

test("two settings connections to one resource give one lock", () => {
  const settings = { kind: "http" as const, path: "/settings", allow: RULES };
  const router = { baseUrl: gateway.url, allowPrivate: true, headers: {} };
  const twice = connectionsOf({
    http: { router, again: { ...router, baseUrl: `${gateway.url}/` } },
    settings: { gateway: { ...settings, http: "router" }, twin: { ...settings, http: "again" } },
  });
  const targets = (connection: string) => settingsSet.targets({ connection, name: "MODE", value: "cheap" }, twice);
  assert.deepEqual(targets("gateway"), ["settings:gateway"]);
  assert.deepEqual(targets("twin"), ["settings:gateway"]);
});
