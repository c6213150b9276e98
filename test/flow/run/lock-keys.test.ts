import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

test("each rung of a ladder may act on, and locks, what its target stands for", async () => {
  const world = createWorld();
  world.deps.connections = { ...world.deps.connections, lockKey: (target) => target.replace("thing:", "real:") };
  scripted(world.actions, "t.first", {
    targets: () => ["real:one"],
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  const locks: unknown[] = [];
  scripted(world.actions, "t.second", {
    targets: () => ["real:one"],
    answer: async () => {
      locks.push(Object.keys(await world.store.locks(["thing:one", "real:one"])));
      return { ok: true, done: true, output: {} };
    },
  });
  world.playbooks.set("first", playbook("first", [step("a", "t.first")]));
  world.playbooks.set("second", playbook("second", [step("b", "t.second")]));
  await world.open("first");
  await world.pass(60_000);
  assert.deepEqual(locks, [["thing:one", "real:one"]]);
  assert.ok((await world.timeline()).includes("second succeeded: all steps done"));
});
