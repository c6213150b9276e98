import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config, FactRule } from "../../../src/core/config.ts";
import { condition, matcher, playbook, template } from "./samples.ts";
import { alert, BY_LABEL, createWorld, MINUTE, type Options, over, SECOND, START } from "./world.ts";

const QUERY = "error ratio of litellm";
const ERROR_RATE: FactRule = {
  name: "error_rate",
  match: [matcher("service", "=~", "litellm.*")],
  query: template("query", (scope) => `error ratio of ${scope.alert.labels["service"]}`),
  maxAge: 30 * SECOND,
};
const above = (limit: number) =>
  condition(`facts.error_rate > ${limit}`, (at) => (at.facts["error_rate"] ?? 0) > limit, ["error_rate"]);
const RULES: Config["severity"] = [
  { level: "P0", when: above(0.5), for: 5 * MINUTE },
  { level: "P1", when: above(0.05), for: 10 * MINUTE },
  ...BY_LABEL,
];
const CONFIG: NonNullable<Options["config"]> = { facts: [ERROR_RATE], severity: RULES };
const P0_ONLY = playbook({ name: "fallback", match: [matcher("service", "=", "litellm")], severity: ["P0"] });

test("severity rises when a rule's `for` has passed, and playbooks are selected again", async () => {
  const world = createWorld({ config: CONFIG, playbooks: [P0_ONLY] });
  world.outside.facts.set(QUERY, 0.9);
  await world.send([alert({ severity: "warning" })]);
  assert.equal((await world.incident("inc-1"))?.severity, "P2");
  assert.equal((await world.runs()).length, 0);
  await world.pass(5 * MINUTE - SECOND, SECOND);
  assert.equal((await world.incident("inc-1"))?.severity, "P2");
  await world.pass(2 * SECOND, SECOND);
  assert.equal((await world.incident("inc-1"))?.severity, "P0");
  const [run] = await world.runs();
  assert.equal(run?.playbook, "fallback");
  assert.equal(run?.severity, "P0");
  assert.deepEqual(run?.facts, { error_rate: 0.9 });
  assert.equal((await world.record("f"))?.assessment, "matched");
  const raised = (await world.texts("inc-1")).filter((text) => text.startsWith("Severity raised from P2 to P0"));
  assert.equal(raised.length, 1);
});

test("severity never falls by itself", async () => {
  const world = createWorld({ config: CONFIG });
  world.outside.facts.set(QUERY, 0.9);
  await world.send([alert({ severity: "warning" })]);
  await world.pass(6 * MINUTE);
  world.outside.facts.set(QUERY, 0);
  await world.pass(10 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.severity, "P0");
});

test("an open incident is measured again every reassess-every, so a later rise is seen", async () => {
  const world = createWorld({ config: CONFIG });
  world.outside.facts.set(QUERY, 0.01);
  await world.send([alert({ severity: "warning" })]);
  await world.pass(30 * MINUTE, 30 * SECOND);
  assert.equal((await world.incident("inc-1"))?.severity, "P2");
  world.outside.facts.set(QUERY, 0.2);
  await world.pass(2 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.severity, "P1", "it has fired longer than 10 m already");
});

test("a fact that cannot be measured: its rules are passed over, the timeline says so once, and again after it came back", async () => {
  const world = createWorld({ config: CONFIG });
  await world.send([alert({ severity: "warning" })]);
  await world.pass(5 * MINUTE);
  const said = async () =>
    (await world.texts("inc-1")).filter((text) => text.startsWith("Not measurable: error_rate")).length;
  assert.equal(await said(), 1);
  assert.equal((await world.incident("inc-1"))?.severity, "P2");
  const record = await world.record("f");
  assert.deepEqual(
    record?.explanation?.severity.slice(0, 2).map((row) => row.answer),
    ["unknown", "unknown"],
  );
  assert.deepEqual(record?.explanation?.facts, { error_rate: null });
  world.outside.facts.set(QUERY, 0.01);
  await world.pass(5 * MINUTE);
  world.outside.facts.delete(QUERY);
  await world.pass(5 * MINUTE);
  assert.equal(await said(), 2);
});

test("an alert that is recorded only, as a fact could not be measured, says so", async () => {
  const world = createWorld({ config: CONFIG });
  await world.send([alert({ severity: "info" })]);
  assert.equal((await world.incidents()).length, 0);
  assert.match(
    (await world.record("f"))?.explanation?.sentence ?? "",
    /^Recorded only: none.* Not measurable: error_rate; /,
  );
});

test("an alert below every rule is looked at again and opens its incident when the `for` has passed", async () => {
  const world = createWorld({ config: CONFIG, playbooks: [P0_ONLY] });
  world.outside.facts.set(QUERY, 0.9);
  await world.send([alert({ severity: "info" })]);
  assert.equal((await world.incidents()).length, 0);
  assert.match(
    (await world.record("f"))?.explanation?.sentence ?? "",
    /^Recorded only: none.* looked at again in 5m\.$/,
  );
  await world.pass(6 * MINUTE);
  const [incident] = await world.incidents();
  assert.equal(incident?.severity, "P0");
  assert.equal((await world.runs()).length, 1);
  assert.deepEqual(await world.indexed("alerts:none"), []);
  assert.deepEqual(await world.indexed("alerts:matched"), ["alertmanager-f-1"]);
});

test("an alert whose fact was not measurable opens its incident once it is", async () => {
  const world = createWorld({ config: CONFIG });
  await world.send([alert({ severity: "info" })]);
  await world.pass(20 * MINUTE, 20 * SECOND);
  assert.equal((await world.incidents()).length, 0);
  world.outside.facts.set(QUERY, 0.1);
  await world.pass(3 * MINUTE);
  assert.equal((await world.incidents())[0]?.severity, "P1");
});

test("an alert without an incident is not looked at again once it has ended", async () => {
  const world = createWorld({ config: CONFIG });
  world.outside.facts.set(QUERY, 0.9);
  await world.send([alert({ severity: "info" })]);
  world.clock.at += MINUTE;
  await world.send([over(alert({ severity: "info" }), world.clock.at)]);
  await world.pass(10 * MINUTE);
  assert.equal((await world.incidents()).length, 0);
  world.clock.at += 24 * 60 * MINUTE;
  assert.deepEqual(
    (await world.store.due(10)).map((row) => row.member),
    [],
  );
});

test("labels alone decided: nothing is measured and no look is planned before the alert could be stale", async () => {
  const world = createWorld();
  await world.send([alert({ severity: "info" })]);
  world.clock.at += 8 * 60 * MINUTE;
  assert.deepEqual(await world.store.due(10), []);
});

test("a thousand alerts that need one fact ask for it once", async () => {
  const world = createWorld({ config: CONFIG });
  world.outside.facts.set(QUERY, 0.01);
  const alerts = Array.from({ length: 1000 }, (_, i) => alert({ fingerprint: `f${i}`, severity: "warning" }));
  await world.send(alerts);
  assert.deepEqual(world.outside.queries, [QUERY]);
  assert.equal((await world.incident("inc-1"))?.counts?.total, 1000);
});

test("a rise is announced to the hook, in the same commit", async () => {
  const world = createWorld({
    config: CONFIG,
    ports: {
      raisedWrites: async (incident, from) => ({
        checks: [],
        writes: [{ write: "add", set: "raised", members: [`${incident.id} ${from} ${incident.severity}`] }],
      }),
    },
  });
  world.outside.facts.set(QUERY, 0.9);
  await world.send([alert({ severity: "warning" })]);
  await world.pass(6 * MINUTE);
  assert.deepEqual(await world.store.members("raised"), ["inc-1 P2 P0"]);
});

test("a worse alert raises the incident at once and everything that fires is looked at again", async () => {
  const world = createWorld({ playbooks: [P0_ONLY] });
  await world.send([alert({ severity: "warning" })]);
  await world.send([alert({ severity: "disaster", fingerprint: "g", name: "AllDown", labels: { pod: "x" } })]);
  assert.equal((await world.incident("inc-1"))?.severity, "P0");
  await world.wakeDue();
  assert.equal((await world.record("f"))?.assessment, "matched");
  assert.equal((await world.runs()).length, 1);
});

test("an incident for which nothing runs is looked at again at once, so that people are called", async () => {
  const world = createWorld();
  await world.send([alert()]);
  assert.equal(await world.isDue("incident:inc-1"), START);
});

test("storms do not put the next look off", async () => {
  const world = createWorld({ playbooks: [playbook({ name: "redeploy", match: [matcher("service", "=~", ".+")] })] });
  await world.send([alert()]);
  for (let i = 0; i < 30; i += 1) {
    world.clock.at += 2 * SECOND;
    await world.send([alert({ fingerprint: `g${i}` })]);
  }
  assert.equal(await world.isDue("incident:inc-1"), START + 2 * SECOND + 15 * SECOND, "the first that joined decides");
});
