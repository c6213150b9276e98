import assert from "node:assert/strict";
import { test } from "node:test";
import type { FactRule } from "../../../src/core/config.ts";
import { createFactReader } from "../../../src/flow/assess/facts.ts";
import { matcher, scope, template } from "./samples.ts";

const rule = (over: Partial<FactRule> = {}): FactRule => ({
  name: "rate",
  match: [],
  query: template("query", (at) => `rate of ${at.alert.labels["service"] ?? "all"}`),
  maxAge: 10_000,
  ...over,
});

function reader(rules: readonly FactRule[], answer: (text: string) => Promise<number | null>) {
  const clock = { at: 0 };
  const asked: string[] = [];
  const query = (text: string): Promise<number | null> => {
    asked.push(text);
    return answer(text);
  };
  return { clock, asked, facts: createFactReader({ rules, query, clock: () => clock.at }) };
}

test("equal queries are shared while under way and until max-age", async () => {
  const { clock, asked, facts } = reader([rule()], async () => 0.5);
  const a = scope({ labels: { service: "a" } });
  const all = await Promise.all([facts.read(a), facts.read(a), facts.read(scope({ labels: { service: "b" } }))]);
  assert.deepEqual(all, [{ rate: 0.5 }, { rate: 0.5 }, { rate: 0.5 }]);
  assert.deepEqual(asked, ["rate of a", "rate of b"]);
  clock.at = 9_999;
  await facts.read(a);
  assert.equal(asked.length, 2);
  clock.at = 10_001;
  await facts.read(a);
  assert.equal(asked.length, 3);
});

test("readFresh asks past the cache, by name, without matchers", async () => {
  const { asked, facts } = reader(
    [rule({ match: [matcher("team", "=", "x")] }), rule({ name: "other" })],
    async () => 1,
  );
  assert.deepEqual(await facts.read(scope({})), { other: 1 });
  assert.deepEqual(await facts.readFresh(["rate"], scope({})), { rate: 1 });
  assert.equal(asked.length, 2);
});

test("an unknown answer is kept for five seconds at most", async () => {
  const { clock, asked, facts } = reader([rule({ maxAge: 60_000 })], async () => null);
  assert.deepEqual(await facts.read(scope({})), { rate: null });
  clock.at = 4_999;
  await facts.read(scope({}));
  assert.equal(asked.length, 1);
  clock.at = 5_001;
  await facts.read(scope({}));
  assert.equal(asked.length, 2);
});

test("null, NaN, a throw and an unrenderable query are unknown; the fallback is used where there is one", async () => {
  const fallback = template("double(alert.annotations.value)", (at) =>
    at.alert.labels["v"] ? Number(at.alert.labels["v"]) : undefined,
  );
  const answers: (() => Promise<number | null>)[] = [
    async () => null,
    async () => Number.NaN,
    () => Promise.reject(new Error("down")),
  ];
  for (const answer of answers) {
    const { facts } = reader([rule({ fallback })], answer);
    assert.deepEqual(await facts.read(scope({ labels: { v: "0.25" } })), { rate: 0.25 });
    assert.deepEqual(await facts.read(scope({ labels: { v: "abc" } })), { rate: null });
    assert.deepEqual(await facts.read(scope({})), { rate: null });
  }
  const { asked, facts } = reader(
    [rule({ query: template<string>("query", () => undefined), fallback })],
    async () => 1,
  );
  assert.deepEqual(await facts.read(scope({ labels: { v: "0.75" } })), { rate: 0.75 });
  assert.deepEqual(asked, []);
});

test("a fact whose matchers do not hold is absent, not unknown", async () => {
  const { facts } = reader([rule({ match: [matcher("service", "=", "a")] })], async () => 1);
  assert.deepEqual(await facts.read(scope({ labels: { service: "b" } })), {});
});

test("a query that never answers is unknown after five seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { facts } = reader([rule()], () => new Promise(() => {}));
  const read = facts.read(scope({}));
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(5_000);
  assert.deepEqual(await read, { rate: null });
});

test("at most 16 queries run at a time, and all are answered", async () => {
  let running = 0;
  let most = 0;
  const { facts } = reader([rule()], async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return 1;
  });
  const scopes = Array.from({ length: 200 }, (_, i) => scope({ labels: { service: `s${i}` } }));
  const all = await Promise.all(scopes.map((one) => facts.read(one)));
  assert.equal(all.length, 200);
  assert.ok(most <= 17, `${most} at a time`);
});

test("each fact is asked of its own Prometheus, and one query of two of them is two", async () => {
  const asked: (string | undefined)[] = [];
  const query = async (_: string, connection?: string): Promise<number> => {
    asked.push(connection);
    return connection === "edge" ? 2 : 1;
  };
  const rules = [rule(), rule({ name: "edge", connection: "edge" })];
  const facts = createFactReader({ rules, query, clock: () => 0 });
  assert.deepEqual(await facts.read(scope({})), { rate: 1, edge: 2 });
  assert.deepEqual(await facts.readFresh(["edge"], scope({})), { edge: 2 });
  assert.deepEqual(asked, [undefined, "edge", "edge"]);
});
