import assert from "node:assert/strict";
import { test } from "node:test";
import { ALERT_INDEXES } from "../../../src/flow/removal.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, MINUTE, START } from "./world.ts";

const REDEPLOY = playbook({ name: "redeploy", match: [matcher("alertname", "=", "HighErrorRate")], priority: 50 });

test("a firing alert opens an incident, is recorded and explained, and starts its playbook", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert()]);
  const [incident, ...others] = await world.incidents();
  assert.ok(incident);
  assert.equal(others.length, 0);
  assert.equal(incident.id, "inc-1");
  assert.equal(incident.key, "service=litellm,cluster=prod");
  assert.equal(incident.title, "HighErrorRate on litellm (cluster prod)");
  assert.equal(incident.severity, "P1");
  assert.equal(incident.status, "open");
  assert.equal(incident.startedAt, START - MINUTE);
  assert.equal(incident.labels["alertname"], "HighErrorRate");
  const record = await world.record("f");
  assert.equal(record?.assessment, "matched");
  assert.equal(record?.incidentId, "inc-1");
  assert.match(record?.explanation?.sentence ?? "", /^P1 by rule 2 .*; part of inc-1; matching playbooks: redeploy\.$/);
  const [run] = await world.runs();
  assert.equal(run?.playbook, "redeploy");
  assert.equal(run?.target, "ecs:litellm");
  assert.deepEqual(incident.runs, [run?.id]);
  assert.deepEqual(await world.store.members("incident:inc-1:firing"), ["alertmanager-f-1"]);
  assert.deepEqual(await world.indexed("incidents:open"), ["inc-1"]);
  assert.deepEqual(await world.indexed("alerts:matched"), ["alertmanager-f-1"]);
  assert.equal((await world.intake.waiting(10)).length, 0);
  assert.match(
    (await world.texts("inc-1"))[0] ?? "",
    /^Opened: HighErrorRate on litellm .*; 1 alert fires; P1 by rule 2/,
  );
});

test("wake-ups are made due: chat, the run, and the next look; the run is woken at once, the chat a moment later", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert()]);
  const members = () => world.wakes.map((wake) => wake.member.replace(/run-.*/, ""));
  assert.deepEqual(members(), ["run:"]);
  t.mock.timers.tick(250);
  assert.deepEqual(members(), ["run:", "chat:inc-1"]);
  world.clock.at += MINUTE;
  assert.equal(await world.isDue("incident:inc-1"), START + MINUTE);
  assert.equal((await world.isDue("chat:inc-1")) !== undefined, true);
});

test("an incident without a matching playbook says so, once", async () => {
  const world = createWorld({
    playbooks: [
      playbook({ name: "other", match: [matcher("alertname", "=", "HighErrorRate"), matcher("team", "=", "x")] }),
    ],
  });
  await world.send([alert()]);
  await world.pass(5 * MINUTE);
  const record = await world.record("f");
  assert.equal(record?.assessment, "unmatched");
  assert.deepEqual(record?.explanation?.playbooks, [
    { playbook: "other", matched: false, reason: 'team = "x" does not hold: the alert has no such label' },
  ]);
  const said = (await world.texts("inc-1")).filter((text) =>
    text.startsWith("No playbook matches HighErrorRate at P1"),
  );
  assert.equal(said.length, 1);
  assert.deepEqual(await world.indexed("alerts:unmatched"), ["alertmanager-f-1"]);
});

test("severity none is recorded and explained; no incident", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.send([alert({ severity: "info" })]);
  assert.equal((await world.incidents()).length, 0);
  assert.equal((await world.runs()).length, 0);
  const record = await world.record("f");
  assert.equal(record?.assessment, "none");
  assert.equal(record?.explanation?.sentence, "Recorded only: none, as no severity rule matches.");
});

test("alerts of one key join one incident; another key opens another", async () => {
  const world = createWorld();
  await world.send([
    alert(),
    alert({ fingerprint: "g", name: "HighLatency" }),
    alert({ fingerprint: "h", labels: { cluster: "dev" } }),
  ]);
  const incidents = await world.incidents();
  assert.deepEqual(incidents.map((one) => one.key).sort(), [
    "service=litellm,cluster=dev",
    "service=litellm,cluster=prod",
  ]);
  const first = incidents.find((one) => one.key.endsWith("prod"));
  assert.equal((await world.store.members(`incident:${first?.id}:episodes`)).length, 2);
});

test("the same entry applied again, and a hundred identical bodies, change nothing", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.post([alert()]);
  const [entry] = await world.intake.read({ count: 1, block: 0 });
  assert.ok(entry);
  await Promise.all(Array.from({ length: 20 }, () => world.assess.entry(entry)));
  await Promise.all(Array.from({ length: 100 }, () => world.send([alert()])));
  const [incident] = await world.incidents();
  assert.equal((await world.incidents()).length, 1);
  assert.equal((await world.runs()).length, 1);
  assert.equal(incident?.counts?.firing, 1);
  assert.equal((await world.texts("inc-1")).filter((text) => text.startsWith("Opened")).length, 1);
});

test("two HA peers with different startsAt are one episode of one incident", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await Promise.all([
    world.send([alert()], { groupKey: "peer-1" }),
    world.send([alert({ startsAt: START - MINUTE + 700 })], { groupKey: "peer-2" }),
  ]);
  assert.equal((await world.incidents()).length, 1);
  assert.equal((await world.runs()).length, 1);
  assert.deepEqual(await world.indexed(ALERT_INDEXES), ["alertmanager-f-1"]);
});
