import assert from "node:assert/strict";
import { test } from "node:test";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import { runView } from "../../src/flow/run-view.ts";
import { createWorld, playbook, scripted, step, verify } from "../support/engine.ts";

const CHECKS = verify("t.read", { every: 10_000, hold: 0, within: 60_000 });

/** What the view says a run of this playbook has done for the recovery. */
async function recoveryAfter(steps: Playbook["steps"], more: Partial<Playbook> = {}, ok = true) {
  const world = createWorld();
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  scripted(world.actions, "t.act", {
    effect: "reversible",
    answer: () =>
      ok
        ? { ok: true, done: true, output: {} }
        : { ok: false, reason: "denied", message: "refused", retryable: false, sent: "no" },
  });
  world.playbooks.set("p", playbook("p", steps, more));
  const id = await world.open("p");
  await world.pass(30_000);
  const view = runView(await world.run(id));
  return { kind: view.state.kind, recovery: view.recovery };
}

test("a run that changed something and whose checks held has measured the recovery", async () => {
  const steps = [step("act", "t.act")];
  assert.deepEqual(await recoveryAfter(steps, { verify: CHECKS }), { kind: "succeeded", recovery: "measured" });
  assert.deepEqual(await recoveryAfter(steps), { kind: "succeeded", recovery: "unmeasured" });
});

test("a run that only read has brought none about, nor has one that failed", async () => {
  const read = await recoveryAfter([step("look", "t.read")], { verify: CHECKS });
  assert.deepEqual(read, { kind: "succeeded", recovery: undefined });
  const failed = await recoveryAfter([step("act", "t.act")], { verify: CHECKS }, false);
  assert.deepEqual(failed, { kind: "failed", recovery: undefined });
});
