import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import type { ActionResult } from "../../../src/core/action.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { incidentView } from "../../../src/flow/desk/incident-view.ts";
import { ANNA, constant, createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";

const HOUR = 3_600_000;
const DEAD = "the worker that called it ended before it could record the outcome";
const done: ActionResult = { ok: true, done: true, output: {} };

/** Two steps whose workers die in the call, and a check that holds from its fourth measurement on. */
function crashingWorld(): World {
  const world = createWorld();
  scripted(world.actions, "t.set", {
    answer: () => world.die(),
    reconcile: async () => ({ verdict: "done", result: done }),
    revert: () => ({ uses: "t.unset", with: {} }),
  });
  scripted(world.actions, "t.unset");
  scripted(world.actions, "t.roll", {
    answer: () => world.die(),
    reconcile: async () => ({ verdict: "done", result: { ok: true, done: false, handle: {}, pollAfter: 5_000 } }),
    poll: async () => done,
  });
  const looked = { times: 0 };
  const look = (): ActionResult => ({ ok: true, done: true, output: { ok: looked.times++ > 3 } });
  scripted(world.actions, "t.look", { effect: "read", answer: look });
  return world;
}

test("a step that finds its change in force says on the timeline that nothing was changed", async () => {
  const world = createWorld();
  for (const [name, changed] of [
    ["t.set", true],
    ["t.stands", false],
  ] as const)
    scripted(world.actions, name, { answer: () => ({ ok: true, done: true, output: { changed } }) });
  world.playbooks.set("p", playbook("p", [step("set", "t.set"), step("stands", "t.stands")]));
  await world.open("p");
  await world.drain();
  const lines = (await world.timeline()).filter((line) => line.includes("succeeded"));
  assert.match(lines[0] ?? "", /set succeeded$/);
  assert.match(lines[1] ?? "", /stands succeeded: it was so already, and nothing was changed$/);
});

test("the timeline reads as people would tell it: found after a crash, checks, the end of a lease", async () => {
  const world = crashingWorld();
  const lease = { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" as const } };
  const steps = [step("look", "t.look"), step("set", "t.set", { lease }), step("roll", "t.roll")];
  world.playbooks.set("p", playbook("p", steps, { verify: verify("t.look") }));
  const run = await world.open("p");
  await world.drain();
  await world.pass(400_000);
  const lines = (await world.timeline()).map((line) => line.replace(/lea-\w+/, "LEASE"));
  assert.deepEqual(lines, [
    `playbook p chosen for thing:one (P0, autonomy auto); run ${run}`,
    "look succeeded (ok false)",
    "set: do t.set",
    `set succeeded: found done at its target; ${DEAD}`,
    "lease LEASE: do t.unset, at 1970-01-01 01:17:40Z at the latest",
    "roll: do t.roll",
    `roll is under way (found at its target; ${DEAD}); waiting until the target has finished`,
    "roll succeeded",
    "measuring recovery for at most 5m",
    "checks do not hold yet: ok == true (ok false)",
    "checks hold: ok == true (ok true)",
    "p succeeded: recovery was measured and held",
    "mitigated: recovery was measured and held; the alert still fires",
  ]);
});

test("of several checks each says whether it holds, until all do", async () => {
  const world = createWorld();
  const looked = { times: 0 };
  const answer = (): ActionResult => ({ ok: true, done: true, output: { ok: looked.times++ > 0 } });
  scripted(world.actions, "t.set");
  scripted(world.actions, "t.look", { effect: "read", answer });
  const { checks } = verify("t.look");
  world.playbooks.set(
    "p",
    playbook("p", [step("set", "t.set")], { verify: verify("t.look", { checks: [...checks, ...checks] }) }),
  );
  await world.open("p");
  await world.drain();
  await world.pass(60_000);
  assert.deepEqual(
    (await world.timeline()).filter((line) => line.startsWith("checks ")),
    [
      "checks do not hold yet: ok == true (ok false): does not hold; ok == true (ok true): holds",
      "checks hold: ok == true (ok true); ok == true (ok true)",
    ],
  );
});

test("a task reads as people would tell it: asked, withdrawn by a cancel, or not done in time", async () => {
  const world = createWorld();
  world.actions.set("human.task", createHumanTask(world.store));
  const ask = { with: constant({ ask: "look at the racks" }), timeout: 60_000 };
  world.playbooks.set("p", playbook("p", [step("look", "human.task", ask)]));
  const run = await world.open("p");
  await world.drain();
  const doing = async () => (await incidentView(world.store, "inc-1"))?.runs[0]?.sentence;
  assert.equal(await doing(), "look: waits for a person");
  await decide(world.deps, ANNA, { verb: "cancel", run, reason: "they are fine" });
  await world.drain();
  assert.equal(await doing(), "cancelled by anna (api): they are fine");
  const task = /\btsk-\w+/;
  const asked = [
    "look: ask a person: look at the racks; waiting until that is done",
    "a person is needed: task TASK waits: look at the racks",
  ];
  const lines = (await world.timeline()).map((text) => text.replace(task, "TASK"));
  assert.deepEqual(lines.slice(1), [
    ...asked,
    "cancelled by anna (api): they are fine",
    "look cancelled: nobody has to do it any more",
    "p cancelled by anna (api): they are fine",
    "a person is needed: p on thing:one was cancelled by anna (api), and no other playbook follows",
  ]);
  await world.open("p", { id: "inc-2", key: "service=b" });
  await world.pass(90_000);
  const entries = await world.store.list<{ text: string }>("timeline:inc-2");
  const late = entries.map(({ text }) => text.replace(task, "TASK"));
  assert.deepEqual(late.slice(1, 5), [
    ...asked,
    "look failed: nobody has done it in time",
    "p failed: look: nobody has done it in time",
  ]);
});

test("a verification that a pause holds is told as not measured, not as one that does not hold", async () => {
  const world = createWorld();
  scripted(world.actions, "t.set");
  scripted(world.actions, "t.look", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  world.playbooks.set("p", playbook("p", [step("set", "t.set")], { verify: verify("t.look", { hold: 120_000 }) }));
  await world.open("p");
  await world.pass(15_000);
  await decide(world.deps, ANNA, { verb: "pause", scope: "global" });
  await world.pass(30_000);
  const lines = (await world.timeline()).filter((line) => line.includes("stands still"));
  assert.deepEqual(
    lines.map((line) => line.split(":")[0]),
    ["not measured"],
  );
});
