import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import type { Task } from "../../../src/core/task.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { RUNNING } from "../../../src/flow/run/budgets.ts";
import { ANNA, constant, createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";

const HOUR = 3_600_000;
const later: ActionResult = { ok: true, done: false, handle: { of: "it" }, pollAfter: 5_000 };
const done: ActionResult = { ok: true, done: true, output: { ok: true } };

const look = (more: Parameters<typeof step>[2] = {}) =>
  step("look", "human.task", { with: constant({ ask: "look at the racks" }), timeout: HOUR, ...more });

/** A run on the target that has got as far as it can in 10 s. */
async function begun(steps: readonly Step[], more: Parameters<typeof playbook>[2] = {}) {
  const world = createWorld();
  world.actions.set("human.task", createHumanTask(world.store));
  const act = scripted(world.actions, "t.act");
  const slow = { at: later };
  scripted(world.actions, "t.read", { effect: "read", answer: () => later, poll: async () => slow.at });
  scripted(world.actions, "t.roll", { answer: () => later, poll: async () => slow.at });
  scripted(world.actions, "t.check", { effect: "read", answer: () => done });
  world.playbooks.set("p", playbook("p", steps, more));
  const id = await world.open("p");
  await world.pass(10_000);
  return { world, id, act, slow, ended: async () => (await world.run(id)).ended };
}

async function tasks(world: World) {
  const { members } = await world.store.page("tasks", { limit: 5 });
  const open = (await world.store.page("tasks:open", { limit: 5 })).members;
  const docs = await world.store.getMany<Task>("task", members);
  return { open, status: docs.map((doc) => doc?.body.status), ids: members };
}

async function resolve(world: World, id: string) {
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [{ kind: "resolved", at: world.clock.now() }] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
  await world.drain();
}

test("a cancelled run that waits for a person ends at once, frees what it held, and asks nobody any more", async () => {
  const { world, id, act, ended } = await begun([step("act", "t.act"), look(), step("more", "t.act")]);
  assert.deepEqual(await world.store.locks(["thing:one"]), { "thing:one": id });
  await decide(world.deps, ANNA, { verb: "cancel", run: id, reason: "not needed" });
  await world.drain();
  assert.deepEqual(
    [(await ended())?.state, (await ended())?.reason],
    ["cancelled", "cancelled by anna (api): not needed"],
  );
  assert.deepEqual([await world.store.locks(["thing:one"]), await world.store.members(RUNNING)], [{}, []]);
  const { open, status, ids } = await tasks(world);
  assert.deepEqual([open, status], [[], ["withdrawn"]]);
  const late = await decide(world.deps, ANNA, { verb: "complete", task: ids[0] ?? "" });
  assert.deepEqual([late.ok, late.sentence], [false, `task ${ids[0]} was withdrawn: nothing waits for it any more`]);
  assert.equal(act.calls.length, 1);
});

test("a cancelled run gives up everything that it reads, and follows a change to its end", async () => {
  const steps = [look(), step("read", "t.read", { timeout: HOUR })];
  const reads = await begun([{ kind: "parallel", id: "both", steps }]);
  await decide(reads.world.deps, ANNA, { verb: "cancel", run: reads.id });
  await reads.world.drain();
  assert.equal((await reads.ended())?.state, "cancelled");
  assert.deepEqual((await tasks(reads.world)).status, ["withdrawn"]);

  const changes = await begun([step("roll", "t.roll", { timeout: HOUR }), step("more", "t.act")]);
  await decide(changes.world.deps, ANNA, { verb: "cancel", run: changes.id });
  await changes.world.pass(60_000);
  assert.equal(await changes.ended(), undefined);
  changes.slow.at = done;
  await changes.world.pass(10_000);
  assert.equal((await changes.ended())?.state, "cancelled");
  assert.equal((await changes.world.run(changes.id)).steps.get("roll")?.outcome, "succeeded");
  assert.equal(changes.act.calls.length, 0);
});

test("a resolved run waits for a person only within a group that it has begun", async () => {
  const untouched = await begun([look(), step("act", "t.act")]);
  await resolve(untouched.world, untouched.id);
  assert.match((await untouched.ended())?.reason ?? "", /^resolved/);
  assert.deepEqual((await tasks(untouched.world)).status, ["withdrawn"]);

  const measured = { verify: verify("t.check") };
  const changed = await begun([step("act", "t.act"), look(), step("more", "t.act")], measured);
  await resolve(changed.world, changed.id);
  assert.deepEqual((await tasks(changed.world)).status, ["withdrawn"]);
  await changed.world.pass(60_000);
  assert.equal((await changed.ended())?.state, "succeeded");
  assert.equal(changed.act.calls.length, 1);

  const group = "g";
  const grouped = await begun([step("act", "t.act", { group }), look({ group }), step("more", "t.act", { group })]);
  await resolve(grouped.world, grouped.id);
  await grouped.world.pass(60_000);
  const { open } = await tasks(grouped.world);
  assert.equal(await grouped.ended(), undefined);
  await decide(grouped.world.deps, ANNA, { verb: "complete", task: open[0] ?? "" });
  await grouped.world.pass(60_000);
  assert.deepEqual([(await grouped.ended())?.state, grouped.act.calls.length], ["succeeded", 2]);
});

test("closing an incident ends its runs as the end of its alerts does, and the timeline says who did", async () => {
  const { world, ended } = await begun([look(), step("act", "t.act")]);
  await decide(world.deps, ANNA, { verb: "close", incident: "inc-1" });
  await world.drain();
  assert.deepEqual([(await ended())?.reason], ["resolved: anna (api) closed the incident"]);
  assert.deepEqual((await tasks(world)).status, ["withdrawn"]);
  assert.ok((await world.timeline()).includes("anna (api) closed the incident; no further step is started"));

  const asking = await begun([step("act", "t.act")], { autonomy: { P0: "approve" } });
  const approval = (await asking.world.run(asking.id)).asked?.approvalId ?? "";
  await decide(asking.world.deps, ANNA, { verb: "close", incident: "inc-1" });
  await asking.world.drain();
  const late = await decide(asking.world.deps, ANNA, { verb: "approve", approval });
  assert.deepEqual([late.ok, asking.act.calls.length], [false, 0]);
});

test("a task that nobody has done in time is withdrawn, whether its run ends with it or goes on", async () => {
  for (const continueOnError of [false, true]) {
    const { world, ended } = await begun([look({ timeout: 60_000, continueOnError }), step("read", "t.read")]);
    await world.pass(90_000);
    assert.equal((await ended())?.state, continueOnError ? undefined : "failed");
    assert.deepEqual(await tasks(world).then(({ open, status }) => [open, status]), [[], ["withdrawn"]]);
  }
});

test("what a person did before the cancel stays done", async () => {
  const { world, id, ended } = await begun([look(), step("act", "t.act")]);
  const { open } = await tasks(world);
  await decide(world.deps, ANNA, { verb: "complete", task: open[0] ?? "" });
  await decide(world.deps, ANNA, { verb: "cancel", run: id });
  await world.drain();
  assert.equal((await ended())?.state, "cancelled");
  assert.deepEqual((await tasks(world)).status, ["done"]);
});

test("a task that a crash has left open is closed when somebody comes to it", async () => {
  const { world } = await begun([step("act", "t.act")]);
  const left = { id: "tsk-left", runId: "run-gone", ask: "look", status: "open", createdAt: 1 };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "task", id: left.id, body: left },
      { write: "index", index: "tasks:open", member: left.id, score: 1 },
    ],
  });
  const late = await decide(world.deps, ANNA, { verb: "complete", task: left.id });
  assert.equal(late.ok, false);
  assert.deepEqual((await tasks(world)).open, []);
});
