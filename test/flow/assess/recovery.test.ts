import assert from "node:assert/strict";
import { test } from "node:test";
import { endedOpenings } from "../../../src/flow/ended-openings.ts";
import { ALERT_INDEXES, incidentRemoval } from "../../../src/flow/removal.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, MINUTE, over, SECOND } from "./world.ts";

const REPORTS = { directory: "reports", chapter: "ops", postMortemWithin: 86_400_000 };
const REDEPLOY = playbook({ name: "redeploy", match: [matcher("alertname", "=", "HighErrorRate")], priority: 50 });

test("when the last alert has resolved, the incident resolves with its duration", async () => {
  const world = createWorld();
  const other = alert({ fingerprint: "g", name: "HighLatency" });
  await world.send([alert(), other]);
  world.clock.at += 5 * MINUTE;
  await world.send([over(alert(), world.clock.at), other]);
  assert.equal((await world.incident("inc-1"))?.status, "open");
  world.clock.at += 90 * SECOND;
  await world.send([over(alert(), world.clock.at), over(other, world.clock.at)]);
  const incident = await world.incident("inc-1");
  assert.equal(incident?.status, "resolved");
  assert.equal(incident?.resolvedAt, world.clock.at);
  assert.deepEqual(await world.store.members("incident:inc-1:firing"), []);
  assert.equal((await world.store.members("incident:inc-1:episodes")).length, 2);
  assert.deepEqual(await world.indexed("incidents:resolved"), ["inc-1"]);
  assert.deepEqual(await world.indexed("incidents:open"), []);
  const texts = await world.texts("inc-1");
  assert.ok(texts.includes("HighErrorRate resolved; 1 still firing"));
  assert.equal(texts.at(-1), "Resolved after 6m30s: all its alerts have ended");
  assert.equal((await world.record("f"))?.alert.status, "resolved");
});

test("resolved arrives and is read before the firing was assessed: recorded, no incident, nothing run", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.post([alert()]);
  world.clock.at += SECOND;
  await world.post([over(alert(), world.clock.at)]);
  await world.drain();
  assert.equal((await world.incidents()).length, 0);
  assert.equal((await world.runs()).length, 0);
  const record = await world.record("f");
  assert.equal(record?.assessment, "none");
  assert.equal(record?.explanation?.sentence, "It ended before it was assessed; nothing was done.");
});

test("entries applied out of order end in the same state", async () => {
  const world = createWorld();
  await world.post([alert()]);
  world.clock.at += MINUTE;
  await world.post([over(alert(), world.clock.at)]);
  world.clock.at += MINUTE;
  await world.post([alert({ startsAt: world.clock.at })]);
  const entries = await world.intake.read({ count: 8, block: 0 });
  assert.equal(entries.length, 3);
  for (const entry of [...entries].reverse()) await world.assess.entry(entry);
  assert.equal((await world.incidents()).length, 1);
  assert.deepEqual(await world.store.members("incident:inc-1:firing"), ["alertmanager-f-2"]);
  assert.equal((await world.incident("inc-1"))?.opening, 1);
});

test("an older entry does not overwrite a newer one's text", async () => {
  const world = createWorld();
  await world.post([alert({ annotations: { value: "old" } })]);
  world.clock.at += SECOND;
  await world.post([alert({ annotations: { value: "new" } })]);
  const [older, newer] = await world.intake.read({ count: 8, block: 0 });
  assert.ok(older && newer);
  await world.assess.entry(newer);
  await world.assess.entry(older);
  assert.equal((await world.record("f"))?.alert.annotations["value"], "new");
});

test("a changed annotation is taken over and assessed again", async () => {
  const world = createWorld();
  await world.send([alert({ annotations: { value: "1" } })]);
  world.clock.at += SECOND;
  await world.send([alert({ annotations: { value: "2" } })]);
  assert.equal((await world.record("f"))?.alert.annotations["value"], "2");
  assert.equal((await world.indexed(ALERT_INDEXES)).length, 1);
});

test("firing again within reopen-within reopens the incident; later it is a new one", async () => {
  const world = createWorld({ playbooks: [REDEPLOY], config: { reports: REPORTS } });
  await world.send([alert()]);
  world.clock.at += 10 * MINUTE;
  await world.send([over(alert(), world.clock.at)]);
  await world.pass(29 * MINUTE, MINUTE);
  await world.send([alert({ startsAt: world.clock.at, severity: "critical" })]);
  const again = await world.incident("inc-1");
  assert.equal(again?.status, "open");
  assert.equal(again?.opening, 2);
  assert.ok(again);
  assert.deepEqual(
    (await endedOpenings(world.store, again)).map(({ incident, until }) => [incident.opening, incident.status, until]),
    [[1, "resolved", again.reopenedAt]],
    "what is owed for the first opening can still be written",
  );
  assert.deepEqual(
    incidentRemoval(again, undefined, 0).filter((one) => one.write === "drop"),
    [
      { write: "drop", list: "timeline:inc-1" },
      { write: "drop", list: "openings:inc-1" },
    ],
  );
  assert.equal(again?.resolvedAt, undefined);
  assert.equal((await world.runs()).length, 2, "the new opening has its own ladder");
  assert.ok(
    (await world.texts("inc-1")).some((text) =>
      text.startsWith("Opened again (opening 2), 29m after it was resolved: HighErrorRate"),
    ),
  );
  assert.deepEqual(await world.indexed("incidents:open"), ["inc-1"]);
  world.clock.at += MINUTE;
  await world.send([over(alert(), world.clock.at)]);
  await world.pass(31 * MINUTE, MINUTE);
  assert.equal(await world.store.field("incidents:open", "service=litellm,cluster=prod"), undefined);
  await world.send([alert({ startsAt: world.clock.at })]);
  assert.deepEqual(
    (await world.incidents()).map((one) => one.id),
    ["inc-1", "inc-2"],
  );
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
});

test("severity starts anew when an incident reopens", async () => {
  const world = createWorld();
  await world.send([alert({ severity: "disaster", fingerprint: "a" })]);
  world.clock.at += MINUTE;
  await world.send([over(alert({ severity: "disaster", fingerprint: "a" }), world.clock.at)]);
  world.clock.at += MINUTE;
  await world.send([alert({ severity: "warning", fingerprint: "b", startsAt: world.clock.at })]);
  assert.equal((await world.incident("inc-1"))?.severity, "P2");
});

test("a firing that its former resolved outlives is doubtful: assessed, shown, and its run asks", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert()]);
  world.clock.at += MINUTE;
  await world.send([over(alert(), world.clock.at)]);
  world.clock.at += SECOND;
  await world.send([alert()]);
  const run = (await world.runs()).find((one) => one.opening === 2);
  assert.equal(run?.doubtful, true);
  assert.ok((await world.texts("inc-1")).some((text) => text.startsWith("Doubtful: HighErrorRate")));
});

test("a truncated group marks its runs", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert()], { truncatedAlerts: 3 });
  assert.equal((await world.runs())[0]?.truncated, true);
  assert.equal((await world.record("f"))?.truncated, true);
});

test("INSUFFICIENT_DATA keeps the episode and is shown", async () => {
  const world = createWorld();
  const alarm = alert({ fingerprint: "arn" });
  await world.send([alarm], { source: "cloudwatch" });
  world.clock.at += MINUTE;
  await world.send([{ ...alarm, status: "unknown" }], { source: "cloudwatch" });
  assert.equal((await world.incident("inc-1"))?.status, "open");
  assert.equal((await world.record("arn", 1, "cloudwatch"))?.state.status, "unknown");
  assert.ok((await world.texts("inc-1")).some((text) => text.includes("the source has no data")));
  world.clock.at += MINUTE;
  await world.send([{ ...alarm, startsAt: world.clock.at }], { source: "cloudwatch" });
  assert.equal((await world.texts("inc-1")).at(-1), "HighErrorRate: the source has data again, and says that it fires");
  world.clock.at += MINUTE;
  await world.send([{ ...over(alarm, world.clock.at), startsAt: world.clock.at }], { source: "cloudwatch" });
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
});

test("a new alert on a mitigated incident opens it again for people", async () => {
  const world = createWorld();
  await world.send([alert()]);
  const doc = await world.store.get<object>("incident", "inc-1");
  await world.store.commit({
    checks: [],
    writes: [{ write: "put", kind: "incident", id: "inc-1", body: { ...doc?.body, status: "mitigated" } }],
  });
  await world.send([alert({ fingerprint: "g", name: "HighLatency" })]);
  const { status, joinedAt } = (await world.incident("inc-1")) ?? {};
  assert.deepEqual([status, joinedAt], ["open", world.clock.at], "an older recovery does not count for it");
  assert.ok((await world.texts("inc-1")).some((text) => text.endsWith("no longer mitigated")));
});

test("an alert that joins an open incident is looked at at once, as its playbook may come to a ladder that has ended; of many, every quarter of a minute", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert()]);
  world.clock.at += 20 * SECOND;
  await world.send([alert({ fingerprint: "g", name: "HighLatency" })]);
  assert.equal(await world.isDue("incident:inc-1"), world.clock.at);
  await world.pass(2 * SECOND);
  await world.send([alert({ fingerprint: "h", name: "HighCost" })]);
  const [joined, member] = [world.clock.at, "incident:inc-1"];
  world.clock.at += 14 * SECOND;
  assert.equal(await world.isDue(member), undefined);
  world.clock.at += SECOND;
  assert.equal(await world.isDue(member), joined + 15 * SECOND);
});

test("an incident that a person closed stays closed while its alert goes on, and a new episode opens a new one", async () => {
  const world = createWorld();
  await world.send([alert()]);
  const doc = await world.store.get<object>("incident", "inc-1");
  const closed = { ...doc?.body, status: "resolved", resolvedAt: world.clock.at };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id: "inc-1", body: closed },
      { write: "field", hash: "incidents:open", field: "service=litellm,cluster=prod", value: null },
    ],
  });
  await world.send([alert({ annotations: { value: "7" } })]);
  await world.pass(2 * MINUTE);
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
  await world.send([alert({ fingerprint: "g" })]);
  assert.deepEqual(
    (await world.incidents()).map((one) => one.id),
    ["inc-1", "inc-2"],
  );
  world.clock.at += MINUTE;
  await world.send([over(alert(), world.clock.at)]);
  assert.deepEqual(await world.store.members("incident:inc-1:firing"), []);
});

test("an incident that a person made for a run has no episodes and is left to its run", async () => {
  const world = createWorld();
  const id = `inc-${await world.store.next("incidents")}`;
  const incident = { id, key: `manual=${id}`, status: "open", severity: "P2", opening: 1, runs: [], leases: [] };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id, body: incident },
      { write: "due", member: `incident:${id}`, at: world.clock.at + MINUTE },
    ],
  });
  await world.send([alert()]);
  await world.pass(5 * MINUTE);
  assert.equal((await world.incident(id))?.status, "open");
  assert.equal((await world.incident("inc-2"))?.key, "service=litellm,cluster=prod");
});

test("an id that somebody else took meanwhile is not insisted on", async () => {
  const world = createWorld();
  await world.store.commit({
    checks: [],
    writes: [{ write: "put", kind: "incident", id: "inc-1", body: { key: "other" } }],
  });
  await world.send([alert()]);
  assert.equal((await world.incident("inc-2"))?.status, "open");
});

test("without reports nothing is kept of an opening that has ended", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert()]);
  world.clock.at += 10 * MINUTE;
  await world.send([over(alert(), world.clock.at)]);
  await world.pass(MINUTE, MINUTE);
  await world.send([alert({ startsAt: world.clock.at })]);
  assert.equal((await world.incident("inc-1"))?.opening, 2);
  assert.equal(await world.store.length("openings:inc-1"), 0);
});
