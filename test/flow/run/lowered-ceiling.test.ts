import assert from "node:assert/strict";
import { test } from "node:test";
import type { Playbook } from "../../../src/core/playbook/playbook.ts";
import { CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** A run that waits between its steps while stanch is started anew with another ceiling. */
async function restarted(ceiling: "observe" | "approve" | "auto", more: Partial<Playbook> = {}) {
  const world = createWorld();
  const done: string[] = [];
  const record = (name: string) => async () => {
    done.push(name);
    return { ok: true as const, done: true as const, output: {} };
  };
  scripted(world.actions, "t.first", {
    run: record("first"),
    effect: "reversible",
    revert: () => ({ uses: "t.back", with: {} }),
  });
  scripted(world.actions, "t.back", { run: record("back"), effect: "reversible" });
  scripted(world.actions, "t.second", { run: record("second") });
  const steps = [step("a", "t.first"), { kind: "wait" as const, id: "w", for: 60_000 }, step("b", "t.second")];
  world.playbooks.set("p", playbook("p", steps, more));
  const id = await world.open("p");
  await world.drain();
  assert.deepEqual(done, ["first"]);
  world.deps.config = { ...CONFIG, autonomy: ceiling };
  await world.pass(120_000);
  return { done, run: await world.run(id) };
}

test("a ceiling that was lowered to observe holds for what is under way: no further change, and what was changed can go back", async () => {
  const kept = await restarted("observe");
  assert.deepEqual(kept.done, ["first"]);
  assert.match(kept.run.ended?.reason ?? "", /^denied\.autonomy: autonomy is observe/);
  const undone = await restarted("observe", { onFailure: ["revert", "escalate"] });
  assert.deepEqual(undone.done, ["first", "back"]);
});

test("a ceiling that was lowered to approve asks before the next change", async () => {
  const { done, run } = await restarted("approve");
  assert.deepEqual(done, ["first"]);
  assert.deepEqual(run.asked?.guards, ["autonomy"]);
});

test("with the same ceiling it goes on", async () => {
  const { done, run } = await restarted("auto");
  assert.deepEqual(done, ["first", "second"]);
  assert.equal(run.ended?.state, "succeeded");
});
