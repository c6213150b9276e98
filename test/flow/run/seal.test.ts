import assert from "node:assert/strict";
import { test } from "node:test";
import { SEAL_AFTER, sealRun } from "../../../src/flow/run/seal.ts";
import { createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";

/** A world with a run that has just ended; `sealed` are the lists that were sealed since. */
async function withEndedRun(): Promise<{ world: World; id: string; sealed: string[] }> {
  const sealed: string[] = [];
  const world = createWorld(undefined, (store) => ({
    ...store,
    commit(tx) {
      for (const write of tx.writes) if (write.write === "seal") sealed.push(write.list);
      return store.commit(tx);
    },
  }));
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended?.state, "succeeded");
  return { world, id, sealed };
}

test("a minute after its end a run's journal is sealed, once, and tells the same", async () => {
  const { world, id, sealed } = await withEndedRun();
  const before = await world.store.loadRun(id);
  await world.leap(SEAL_AFTER - 1);
  assert.deepEqual(sealed, []);
  await world.leap(1);
  await world.leap(SEAL_AFTER);
  assert.deepEqual(sealed, [`run:${id}`]);
  assert.deepEqual((await world.store.loadRun(id)).events, before.events);
});

test("of a run that has ended and is sealed nothing is due and nobody holds it", async () => {
  const { world, id } = await withEndedRun();
  await world.leap(SEAL_AFTER);
  const due = await world.store.due(100);
  assert.deepEqual(
    due.filter(({ member }) => member === `run:${id}`),
    [],
  );
  assert.equal((await world.store.claim(id, 1_000))?.epoch, 1, "its claim is gone with it");
});

test("a worker that was overtaken before it could seal leaves the run to the one that has it", async () => {
  const { world, id, sealed } = await withEndedRun();
  const { events } = await world.store.loadRun(id);
  const late = await world.store.claim(id, 1_000);
  assert.ok(late);
  await world.leap(1_001);
  assert.deepEqual(sealed, [`run:${id}`], "the claim that ran out woke the run");
  const holder = await world.store.claim(id, 1_000);
  const next = { ...late, epoch: late.epoch + 1 };
  await sealRun(world.deps, next, events);
  assert.equal(await world.store.claim(id, 1_000), undefined, "it is still held");
  await sealRun(world.deps, holder ?? next, events);
  assert.ok(await world.store.claim(id, 1_000), "its holder lets it go");
});

test("a late wake-up of a run that was removed leaves nothing of it", async () => {
  const world = createWorld();
  await world.store.commit({ checks: [], writes: [{ write: "due", member: "run:gone", at: 0 }] });
  await world.drain();
  assert.deepEqual(await world.store.due(9), []);
  assert.equal((await world.store.claim("gone", 1_000))?.epoch, 1, "its claim is gone, too");
});
