import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertGroup } from "../../../src/core/alert.ts";
import { nextRung } from "../../../src/flow/assess/select.ts";
import { ALERT_INDEXES } from "../../../src/flow/removal.ts";
import { matcher, playbook, template } from "./samples.ts";
import { alert, createWorld, MINUTE, over } from "./world.ts";

const service = [matcher("service", "=", "litellm")];
const byPod = template("k8s:POD", (scope) => `k8s:${scope.alert.labels["pod"] ?? ""}`);

test("the playbook with the highest priority starts; the others wait for the ladder", async () => {
  const playbooks = [
    playbook({ name: "b", match: service, priority: 10 }),
    playbook({ name: "a", match: service, priority: 50 }),
  ];
  const world = createWorld({ playbooks });
  await world.send([alert()]);
  assert.deepEqual(
    (await world.runs()).map((run) => run.playbook),
    ["a"],
  );
  const notes = (await world.record("f"))?.explanation?.playbooks.map((note) => [note.playbook, note.matched]);
  assert.deepEqual(notes, [
    ["a", true],
    ["b", true],
  ]);
});

test("playbooks for other severities, for recovery and by hand do not start, and the alert says why", async () => {
  const playbooks = [
    playbook({ name: "p0", match: service, severity: ["P0"] }),
    playbook({ name: "after", match: service, on: "recovered" }),
    playbook({ name: "hand", match: service, on: "manual" }),
  ];
  const world = createWorld({ playbooks });
  await world.send([alert()]);
  assert.deepEqual(await world.runs(), []);
  const reasons = Object.fromEntries(
    ((await world.record("f"))?.explanation?.playbooks ?? []).map((note) => [note.playbook, note.reason]),
  );
  assert.deepEqual(reasons, {
    p0: "it is for P0; the severity is P1",
    after: "it runs on recovered, not on firing",
    hand: "it runs on manual, not on firing",
  });
});

test("one ladder per target: alerts of two pods start two runs, more of the same start none", async () => {
  const world = createWorld({ playbooks: [playbook({ name: "restart", match: service, target: byPod })] });
  await world.send([
    alert({ fingerprint: "a", labels: { pod: "x" } }),
    alert({ fingerprint: "b", labels: { pod: "x" } }),
  ]);
  await world.send([alert({ fingerprint: "c", labels: { pod: "y" } })]);
  await world.send([alert({ fingerprint: "d", labels: { pod: "y" } })]);
  assert.deepEqual((await world.runs()).map((run) => run.target).sort(), ["k8s:x", "k8s:y"]);
  assert.equal((await world.incident("inc-1"))?.runs.length, 2);
});

test("a run sees the alerts that ask for it, the worst first", async () => {
  const world = createWorld({ playbooks: [playbook({ name: "redeploy", match: service })] });
  await world.send([
    alert({ fingerprint: "a", severity: "warning" }),
    alert({ fingerprint: "b", severity: "critical" }),
  ]);
  const [run] = await world.runs();
  assert.equal(run?.alert.fingerprint, "b");
  assert.equal(run?.alerts.length, 2);
  assert.equal(run?.severity, "P1");
});

test("a playbook without a target says so once; the next one is tried", async () => {
  const playbooks = [
    playbook({
      name: "first",
      match: service,
      priority: 9,
      target: template<string>("missing label", () => undefined),
    }),
    playbook({ name: "empty", match: service, priority: 8, target: template("empty", () => "") }),
    playbook({ name: "second", match: service, priority: 1 }),
  ];
  const world = createWorld({ playbooks });
  await world.send([alert()]);
  await world.pass(5 * MINUTE);
  assert.deepEqual(
    (await world.runs()).map((run) => run.playbook),
    ["second"],
  );
  const texts = await world.texts("inc-1");
  assert.equal(
    texts.filter((text) => text.startsWith("Playbook first does not start: target: missing label is unknown")).length,
    1,
  );
  assert.equal(texts.filter((text) => text.startsWith("Playbook empty does not start: its target is empty")).length, 1);
});

test("a refused plan is remarked and the next rung is tried; a later look tries again", async () => {
  const refusals = { first: true, all: true };
  const playbooks = [
    playbook({ name: "first", match: service, priority: 9 }),
    playbook({ name: "second", match: service }),
  ];
  const world = createWorld({ playbooks });
  const planned = world.ports.planRun;
  const strict = createWorld({
    playbooks,
    ports: {
      planRun: (request) =>
        refusals.all || (refusals.first && request.playbook.name === "first")
          ? { ok: false, reason: "paused" }
          : planned(request),
    },
  });
  await strict.send([alert()]);
  await strict.pass(3 * MINUTE);
  assert.deepEqual(await strict.runs(), []);
  const said = (await strict.texts("inc-1")).filter((text) => text.endsWith("does not start on ecs:litellm: paused"));
  assert.equal(said.length, 2);
  refusals.all = false;
  await strict.pass(2 * MINUTE);
  assert.deepEqual(
    (await strict.runs()).map((run) => run.playbook),
    ["second"],
  );
});

test("a playbook that is loaded later starts with the next look", async () => {
  const world = createWorld();
  await world.send([alert()]);
  assert.ok((await world.texts("inc-1")).includes("No playbook is loaded"));
  world.outside.playbooks = [playbook({ name: "redeploy", match: service })];
  await world.pass(2 * MINUTE);
  assert.equal((await world.runs()).length, 1);
  assert.equal((await world.record("f"))?.assessment, "matched");
});

test("on recovery the engine's writes and the playbooks for recovery go into the resolving commit", async () => {
  const world = createWorld({
    playbooks: [
      playbook({ name: "redeploy", match: service }),
      playbook({ name: "restore", match: service, on: "recovered" }),
    ],
    ports: {
      resolvedWrites: async (incident) => ({
        checks: [],
        writes: [
          { write: "add", set: "withdrawn", members: [incident.id] },
          { write: "due", member: "run:waiting", at: 7 },
        ],
      }),
    },
  });
  await world.send([alert()]);
  world.clock.at += MINUTE;
  await world.send([over(alert(), world.clock.at)]);
  assert.deepEqual((await world.runs()).map((run) => [run.playbook, run.trigger]).sort(), [
    ["redeploy", "firing"],
    ["restore", "recovered"],
  ]);
  assert.deepEqual(await world.store.members("withdrawn"), ["inc-1"]);
  assert.deepEqual(
    world.wakes.filter((wake) => wake.member === "run:waiting"),
    [{ member: "run:waiting", at: 7 }],
  );
  await world.pass(10 * MINUTE);
  assert.equal((await world.runs()).length, 2);
});

test("the next rung is the highest priority that has not been tried", () => {
  const rungs = ["a", "b"].map((name) => ({ playbook: playbook({ name }), target: "t", entrants: [] }));
  assert.equal(nextRung(rungs, new Set())?.playbook.name, "a");
  assert.equal(nextRung(rungs, new Set(["a"]))?.playbook.name, "b");
  assert.equal(nextRung(rungs, new Set(["a", "b"])), undefined);
});

test("a plan says what would happen and stores nothing", async () => {
  const world = createWorld({ playbooks: [playbook({ name: "redeploy", match: service })] });
  const group: AlertGroup = {
    source: "alertmanager",
    groupKey: "g",
    truncatedAlerts: 0,
    alerts: [alert(), alert({ fingerprint: "g", severity: "info" }), over(alert({ fingerprint: "h" }), world.clock.at)],
  };
  const plan = await world.assess.plan(group);
  assert.deepEqual(
    plan.alerts.map(({ record, incidentKey }) => [record.alert.fingerprint, record.assessment, incidentKey]),
    [
      ["f", "matched", "service=litellm,cluster=prod"],
      ["g", "none", undefined],
      ["h", "none", undefined],
    ],
  );
  assert.equal(plan.alerts[0]?.record.explanation?.level, "P1");
  assert.deepEqual(
    plan.runs.map((run) => [run.candidate.playbook.name, run.candidate.target, run.severity]),
    [["redeploy", "ecs:litellm", "P1"]],
  );
  assert.deepEqual(await world.incidents(), []);
  assert.deepEqual(await world.indexed(ALERT_INDEXES), []);
  assert.deepEqual(await world.runs(), []);
});

test("a plan for alerts of an open incident names it and starts no second run on its target", async () => {
  const world = createWorld({ playbooks: [playbook({ name: "redeploy", match: service })] });
  await world.send([alert()]);
  const group = {
    source: "alertmanager" as const,
    groupKey: "g",
    truncatedAlerts: 0,
    alerts: [alert(), alert({ fingerprint: "g" })],
  };
  const plan = await world.assess.plan(group);
  assert.deepEqual(
    plan.alerts.map(({ record }) => record.incidentId),
    ["inc-1", "inc-1"],
  );
  assert.deepEqual(plan.runs, []);
  assert.equal(plan.remarks.length, 1, "and it says why");
  assert.match(plan.remarks[0] ?? "", /^ecs:litellm: inc-1 has run-\w+ there; another playbook follows only if/);
});

test("a playbook that cannot run here is said on the timeline, and the next one starts", async () => {
  const findings = [{ message: "no ecs connection; add one", blocks: true }];
  const playbooks = [
    playbook({ name: "a", match: service, priority: 50, findings }),
    playbook({ name: "b", match: service, priority: 10, findings: [{ message: "a detail", blocks: false }] }),
  ];
  const world = createWorld({ playbooks });
  const group: AlertGroup = { source: "alertmanager", groupKey: "g", truncatedAlerts: 0, alerts: [alert()] };
  const planned = await world.assess.plan(group);
  await world.send([alert()]);
  assert.deepEqual(
    (await world.runs()).map((run) => run.playbook),
    ["b"],
  );
  const why = "Playbook a matches, but cannot run here: no ecs connection; add one";
  assert.ok((await world.texts("inc-1")).includes(why));
  assert.deepEqual(planned.remarks, [why]);
  assert.match(planned.alerts[0]?.record.explanation?.sentence ?? "", /; part of a new incident; /);
  assert.deepEqual(
    planned.runs.map((run) => run.candidate.playbook.name),
    ["b"],
  );
});
