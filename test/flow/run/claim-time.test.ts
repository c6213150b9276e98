import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/core/errors.ts";
import { advance } from "../../../src/flow/run/advance.ts";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** A run of two changes: `byClaim` says under which claim each was called. `late` is added to the monotonic clock. */
async function twoSteps() {
  const world = createWorld();
  const late = { by: 0 };
  world.deps.monotonic = () => world.clock.now() + late.by;
  const byClaim: number[] = [];
  const made = { claims: 0, onClaim: (): void => undefined, onCall: (): void => undefined };
  const { store } = world;
  world.deps.store = {
    ...store,
    async claim(run, forMs) {
      const claim = await store.claim(run, forMs);
      if (claim && ++made.claims === 1) made.onClaim();
      return claim;
    },
  };
  scripted(world.actions, "t.act", {
    answer: (call) => {
      byClaim.push(made.claims);
      if (call === 1) made.onCall();
      return { ok: true, done: true, output: {} };
    },
  });
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.act")]));
  const id = await world.open("p");
  return { world, id, late, byClaim, made };
}

test("one claim serves as long as a whole call fits into what is left of it", async () => {
  for (const [took, claims] of [
    [24_000, [1, 1]],
    [26_000, [1, 2]],
  ] as const) {
    const { world, late, byClaim, made } = await twoSteps();
    made.onCall = () => {
      late.by = took;
    };
    await world.pass(120_000);
    assert.deepEqual(byClaim, claims);
  }
});

test("a claim counts from the moment in which it was asked for, however late its answer comes", async () => {
  const { world, late, byClaim, made } = await twoSteps();
  made.onClaim = () => {
    late.by = 26_000;
  };
  await world.pass(120_000);
  assert.deepEqual(byClaim, [2, 2]);
});

test("a worker that is about to end begins no further step", async () => {
  const { world, id, byClaim, made } = await twoSteps();
  const draining = new AbortController();
  made.onCall = () => draining.abort();
  await advance(world.deps, id, new AbortController().signal, draining.signal);
  assert.deepEqual(byClaim, [1]);
  await world.drain();
  assert.deepEqual([byClaim, (await world.run(id)).ended?.state], [[1, 2], "succeeded"]);
});

test("a run goes on when its playbook can be read again, and does not fail because the store was away", async () => {
  const { world, id, byClaim } = await twoSteps();
  const { playbookOf } = world.deps;
  world.deps.playbookOf = async () => {
    throw new AppError("unavailable", "the store does not answer");
  };
  await assert.rejects(world.drain(), { code: "unavailable" });
  world.deps.playbookOf = playbookOf;
  await world.pass(120_000);
  assert.deepEqual([byClaim.length, (await world.run(id)).ended?.state], [2, "succeeded"]);
});
