import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Lease } from "../../../src/core/lease.ts";
import type { Playbook } from "../../../src/core/playbook/playbook.ts";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

const HOUR = 3_600_000;
const LEASE = { lease: { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" as const } } };
const STARTED: ActionResult = { ok: true, done: false, handle: { former: 1, value: 2 }, pollAfter: 5_000 };
const CRASHED: ActionResult = {
  ok: false,
  reason: "target_failed",
  message: "pods crash",
  retryable: false,
  sent: "refused",
};

/** `t.set` is accepted at once and comes to what `end` says; `t.back` undoes it. */
function rollout(end: ActionResult, more: Partial<Playbook>, lease: object = {}) {
  const world = createWorld();
  scripted(world.actions, "t.set", {
    effect: "reversible",
    answer: () => STARTED,
    poll: async () => end,
    revert: (_input, { former }) => (former === undefined ? undefined : { uses: "t.back", with: { former } }),
  });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("set", "t.set", { timeout: 60_000, ...lease })], more));
  return { world, back };
}

async function leases(world: ReturnType<typeof createWorld>): Promise<readonly (Lease | undefined)[]> {
  const { members } = await world.store.page("leases", { limit: 5 });
  return (await world.store.getMany<Lease>("lease", members)).map((doc) => doc?.body);
}

test("a change whose rollout fails or times out is undone by on-failure: revert, from what its start has left", async () => {
  for (const end of [CRASHED, STARTED]) {
    const { world, back } = rollout(end, { onFailure: ["revert", "escalate"] });
    const id = await world.open("p");
    await world.pass(5 * 60_000);
    assert.deepEqual(
      back.calls.map((call) => call.input),
      [{ former: 1 }],
    );
    const { ended } = await world.run(id);
    assert.equal(ended?.state, "failed");
    assert.match(ended?.reason ?? "", /^set: .*; reverted: set$/);
  }
});

test("a change whose rollout fails or times out has its lease, which undoes it at its end", async () => {
  for (const end of [CRASHED, STARTED]) {
    const { world, back } = rollout(end, { onFailure: ["escalate"] }, LEASE);
    await world.open("p");
    await world.pass(30 * 60_000);
    assert.deepEqual(
      (await leases(world)).map((lease) => lease?.status),
      ["active"],
    );
    assert.equal(back.calls.length, 0);
    await world.pass(HOUR);
    assert.equal(back.calls.length, 1);
    assert.deepEqual(
      (await leases(world)).map((lease) => lease?.status),
      ["reverted"],
    );
  }
});

test("what a step would have given is asked of its action, so that a rollout that failed is undone to what was there before", async () => {
  const { world, back } = rollout(CRASHED, { onFailure: ["revert"] });
  const set = world.actions.get("t.set");
  assert.ok(set);
  world.actions.set("t.set", {
    ...set,
    prepare: async () => ({ ok: true, before: { found: 7 } }),
    assume: (_input, before) => ({ former: before?.["found"] }),
  });
  await world.open("p");
  await world.pass(60_000);
  assert.deepEqual(
    back.calls.map((call) => call.input),
    [{ former: 7 }],
  );
});

test("a group that has begun with a rollout that failed is reverted, whatever on-failure says", async () => {
  const { world, back } = rollout(CRASHED, {}, { ...LEASE, group: "g" });
  const other = step("other", "t.set", { group: "g" });
  const [set] = world.playbooks.get("p")?.steps ?? [];
  assert.ok(set);
  world.playbooks.set("p", playbook("p", [set, other]));
  const id = await world.open("p");
  await world.pass(60_000);
  assert.equal(back.calls.length, 1);
  assert.match((await world.run(id)).ended?.reason ?? "", /reverted: set$/);
});

test("the end of a run never says reverted when nothing was, and names what cannot be undone", async () => {
  const world = createWorld();
  scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  scripted(world.actions, "t.back", { effect: "reversible" });
  scripted(world.actions, "t.restart");
  const fails = scripted(world.actions, "t.fail", { answer: () => CRASHED });
  const ends = async (...steps: readonly ReturnType<typeof step>[]): Promise<string> => {
    world.playbooks.set("p", playbook("p", steps, { onFailure: ["revert"] }));
    const id = await world.open("p", { id: `inc-${fails.calls.length + 1}` });
    await world.pass(60_000);
    return (await world.run(id)).ended?.reason ?? "";
  };
  const [set, restart, fail] = [step("set", "t.set"), step("restart", "t.restart"), step("fail", "t.fail")];
  assert.equal(await ends(restart, fail), "fail: pods crash; cannot be undone: restart");
  assert.equal(await ends(set, restart, fail), "fail: pods crash; reverted: set; cannot be undone: restart");
  assert.equal(await ends(fail), "fail: pods crash; there was nothing to undo");
});
