import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../../src/core/store.ts";
import { CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

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

test("a run goes on at once when the lock is freed just before it begins to wait, and waits for one that is held", async () => {
  for (const freed of [true, false]) {
    let reads = 0;
    const wrap = (store: Store): Store => ({
      ...store,
      async guardValues(wanted) {
        const values = await store.guardValues(wanted);
        reads++;
        const free = { write: "unlock", locks: ["thing:one"], owner: "run-other" } as const;
        if (freed && reads === 1) await store.commit({ checks: [], writes: [free] });
        return values;
      },
    });
    const world = createWorld(CONFIG, wrap);
    const act = scripted(world.actions, "t.act");
    world.playbooks.set("p", playbook("p", [step("one", "t.act")]));
    await world.store.commit({
      checks: [],
      writes: [{ write: "lock", locks: ["thing:one"], owner: "run-other" }],
    });
    const id = await world.open("p");
    await world.drain();
    assert.equal((await world.run(id)).ended?.state, freed ? "succeeded" : undefined);
    assert.deepEqual([act.calls.length, reads], freed ? [1, 2] : [0, 1]);
    assert.equal((await world.timeline()).filter((line) => line.startsWith("waiting")).length, freed ? 0 : 1);
  }
});
