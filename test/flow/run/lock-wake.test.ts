import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

test("a run that waits for a lock goes on when it is freed, not when it looks again", async () => {
  const world = createWorld();
  const woken: string[] = [];
  world.deps.queue.wake = async (member) => void woken.push(member);
  scripted(world.actions, "t.slow", {
    answer: () => ({ ok: true, done: false, handle: {}, pollAfter: 1_000 }),
    poll: async () => ({ ok: true, done: true, output: {} }),
  });
  const quick = scripted(world.actions, "t.quick");
  world.playbooks.set("slow", playbook("slow", [step("slow", "t.slow")]));
  world.playbooks.set("quick", playbook("quick", [step("quick", "t.quick")]));
  world.deps.ladders = async () => new Map();
  await world.open("slow");
  await world.drain();
  const second = await world.open("quick", { id: "inc-2", key: "service=b" });
  await world.drain();
  assert.equal((await world.run(second)).waiting?.reason, "lock");
  woken.length = 0;
  await world.leap(1_000);
  assert.ok(woken.includes(`run:${second}`), "the queue is told too");
  assert.equal(quick.calls.length, 1);
  assert.equal((await world.run(second)).ended?.state, "succeeded");
});
