import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/core/errors.ts";
import type { Store } from "../../../src/core/store.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { advance } from "../../../src/flow/run/advance.ts";
import { ANNA, createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** A call that takes long; while it is under way a person cancels the run. */
async function slowCall(onCall: (late: { by: number; draining: AbortController }) => void) {
  const world = createWorld();
  const late = { by: 0, draining: new AbortController() };
  world.deps.monotonic = () => world.clock.now() + late.by;
  let id = "";
  scripted(world.actions, "t.act", {
    answer: async () => {
      await decide(world.deps, ANNA, { verb: "cancel", run: id });
      onCall(late);
      return { ok: true, done: true, output: {} };
    },
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act"), step("more", "t.act")]));
  id = await world.open("p");
  await advance(world.deps, id, new AbortController().signal, late.draining.signal);
  late.by = 0;
  await world.pass(60_000);
  return world.run(id);
}

test("the outcome of a call is kept when a decision comes while its worker has to let go", async () => {
  for (const onCall of [
    (late: { by: number }) => {
      late.by = 30_000;
    },
    (late: { draining: AbortController }) => late.draining.abort(),
  ]) {
    const run = await slowCall(onCall);
    assert.equal(run.unknown, undefined);
    assert.equal(run.steps.get("act")?.outcome, "succeeded");
    assert.equal(run.ended?.reason, "cancelled by anna (api)");
  }
});

/** A store that refuses so many commits from the call on. */
function awayAfterCall(commits: number) {
  const away = { left: 0 };
  const wrap = (store: Store): Store => ({
    ...store,
    commit: async (tx) => {
      if (away.left === 0) return store.commit(tx);
      away.left--;
      throw new AppError("unavailable", "the store does not answer");
    },
  });
  const world = createWorld(undefined, wrap);
  const act = scripted(world.actions, "t.act", {
    answer: async (call) => {
      if (call === 1) away.left = commits;
      return { ok: true, done: true, output: {} };
    },
  });
  return { world, act };
}

test("the outcome of a call is kept when the store is away for a moment right after it", async () => {
  for (const more of [[], [step("more", "t.act")]]) {
    const { world, act } = awayAfterCall(3);
    world.playbooks.set("p", playbook("p", [step("act", "t.act"), ...more]));
    const id = await world.open("p");
    await world.drain();
    const run = await world.run(id);
    assert.deepEqual([run.unknown, run.ended?.state, act.calls.length], [undefined, "succeeded", 1 + more.length]);
  }
});

test("an outcome whose storing was not confirmed is stored once", async () => {
  let lost = 0;
  const wrap = (store: Store): Store => ({
    ...store,
    commit: async (tx) => {
      const committed = await store.commit(tx);
      const isOutcome = tx.writes.some(
        (write) => write.write === "append" && JSON.stringify(write.items).includes('"outcome"'),
      );
      if (!isOutcome || lost++ > 0) return committed;
      throw new AppError("unavailable", "the store does not answer");
    },
  });
  const world = createWorld(undefined, wrap);
  scripted(world.actions, "t.act", {
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  assert.deepEqual([lost > 0, (await world.run(id)).ended?.reason], [true, "act: no"]);
  assert.equal((await world.timeline()).filter((line) => line === "act failed: no").length, 1);
});

test("a call is made only when its intent is as durable as was asked for", async () => {
  const wrap = (store: Store): Store => ({
    ...store,
    commit: async (tx) => {
      const committed = await store.commit(tx);
      if (!tx.durable) return committed;
      throw new AppError("unavailable", "no replica has it");
    },
  });
  const world = createWorld(undefined, wrap);
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await assert.rejects(world.drain(), { code: "unavailable" });
  await world.pass(60_000);
  assert.equal(act.calls.length, 0);
  assert.match((await world.run(id)).unknown?.question ?? "", /^did this take effect/);
});

test("a change whose intent was stored and not confirmed is not made, and people are asked about it", async () => {
  let isLost = false;
  const wrap = (store: Store): Store => ({
    ...store,
    commit: async (tx) => {
      const committed = await store.commit(tx);
      const stored = tx.writes
        .flatMap((write) => (write.write === "append" ? [JSON.stringify(write.items)] : []))
        .join();
      if (isLost || !stored.includes('"outcome"') || !stored.includes('"intent"')) return committed;
      isLost = true;
      throw new AppError("unavailable", "the store does not answer");
    },
  });
  const world = createWorld(undefined, wrap);
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  const { steps, unknown } = await world.run(id);
  assert.deepEqual([isLost, act.calls.length, steps.get("one")?.outcome], [true, 1, "succeeded"]);
  assert.equal(unknown?.path, "two");
});

test("a worker that is about to end stores the outcome of its last call, though the store is away for a moment", async () => {
  const { world, act } = awayAfterCall(2);
  world.playbooks.set("p", playbook("p", [step("act", "t.act"), step("more", "t.act")]));
  const id = await world.open("p");
  const draining = new AbortController();
  const { run } = world.actions.get("t.act") ?? assert.fail();
  world.actions.set("t.act", {
    ...(world.actions.get("t.act") ?? assert.fail()),
    async run(...call) {
      draining.abort();
      return run(...call);
    },
  });
  await advance(world.deps, id, new AbortController().signal, draining.signal);
  const { steps } = await world.run(id);
  assert.deepEqual([act.calls.length, steps.get("act")?.outcome, steps.has("more")], [1, "succeeded", false]);
});
