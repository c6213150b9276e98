import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import type { Playbook, Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { stateKind } from "../../../src/flow/run-view.ts";
import { ANNA, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

type Made = ReturnType<typeof createWorld>;

/** A run of these steps on a target whose alert has ended as assess tells it: with its episode out of `firing`. */
async function begun(steps: readonly Step[], more: Parameters<typeof playbook>[2] = {}) {
  const world = createWorld();
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  const during = { call: async (): Promise<void> => {} };
  const patch = scripted(world.actions, "t.patch", {
    effect: "reversible",
    revert: () => ({ uses: "t.back", with: {} }),
    answer: async () => {
      await during.call();
      return { ok: true, done: true, output: {} };
    },
  });
  const restart = scripted(world.actions, "t.restart");
  const other = scripted(world.actions, "t.other");
  world.playbooks.set("p", playbook("p", steps, more));
  const id = await world.open("p");
  return { world, id, back, patch, restart, other, during, ended: async () => (await world.run(id)).ended };
}

async function resolve(world: Made, id: string): Promise<void> {
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [{ kind: "resolved", at: world.clock.now() }] },
      { write: "remove", set: "incident:inc-1:firing", members: ["one"] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
}

const GROUPED = [step("patch", "t.patch", { group: "g" }), step("restart", "t.restart", { group: "g" })];
const POLICIES: readonly Playbook["onFailure"][] = [["revert", "next-playbook", "escalate"], ["escalate"]];

test("an alert that ends during a call leaves the mitigation in force and its group complete, whatever on-failure says", async () => {
  for (const onFailure of POLICIES) {
    for (const slow of [0, 3_000]) {
      const { world, id, during, back, restart, ended } = await begun(GROUPED, { onFailure, verify: verify("t.read") });
      let skew = 0;
      world.deps.monotonic = () => world.clock.now() + skew;
      during.call = async () => {
        skew += slow;
        await resolve(world, id);
      };
      await world.pass(120_000);
      assert.deepEqual([(await ended())?.state, restart.calls.length, back.calls.length], ["succeeded", 1, 0]);
    }
  }
});

test("an alert that ends during a call starts no step outside a begun group, and is no denial of what was done", async () => {
  const steps = [step("patch", "t.patch"), step("other", "t.other")];
  for (const onFailure of POLICIES) {
    const { world, id, during, back, other, ended } = await begun(steps, { onFailure, verify: verify("t.read") });
    during.call = () => resolve(world, id);
    await world.pass(120_000);
    assert.deepEqual([(await ended())?.state, other.calls.length, back.calls.length], ["succeeded", 0, 0]);
  }
});

test("nothing fires any more though nobody has said so yet: a run that has changed things goes on to its verification", async () => {
  const steps = [step("patch", "t.patch"), { kind: "wait" as const, id: "w", for: 60_000 }, step("other", "t.other")];
  const { world, back, other, ended } = await begun(steps, { onFailure: ["revert"], verify: verify("t.read") });
  await world.drain();
  await world.store.commit({
    checks: [],
    writes: [{ write: "remove", set: "incident:inc-1:firing", members: ["one"] }],
  });
  await world.pass(180_000);
  assert.deepEqual([(await ended())?.state, other.calls.length, back.calls.length], ["succeeded", 0, 0]);
});

test("a run whose alert ends while it waits for a guard is measuring from then on, and does not wait for that guard any more", async () => {
  const steps = [step("patch", "t.patch"), { kind: "wait" as const, id: "w", for: 60_000 }, step("other", "t.other")];
  const { world, id } = await begun(steps, { verify: verify("t.read", { within: 600_000, hold: 300_000 }) });
  await world.drain();
  await decide(world.deps, ANNA, { verb: "pause", scope: "global" });
  await world.pass(70_000);
  assert.equal(stateKind(await world.run(id)), "waiting");
  await resolve(world, id);
  await world.drain();
  assert.equal(stateKind(await world.run(id)), "verifying");
});

/** A run that has begun a group, and asks people for a change between its steps. */
async function askedWithin() {
  const [patch, restart] = GROUPED;
  assert.ok(patch && restart);
  const run = await begun([patch, step("flush", "t.flush"), restart], {
    onFailure: ["revert"],
    verify: verify("t.read"),
  });
  const flush = scripted(run.world.actions, "t.flush", { effect: "destructive" });
  await run.world.drain();
  const { approvalId = "" } = (await run.world.run(run.id)).asked ?? {};
  return { ...run, flush, approvalId };
}

test("what is asked between the steps of a begun group is taken back, and the group is completed", async () => {
  const { world, id, flush, restart, back, approvalId, ended } = await askedWithin();
  await resolve(world, id);
  await world.pass(120_000);
  assert.deepEqual([flush.calls.length, restart.calls.length, back.calls.length], [0, 1, 0]);
  assert.equal((await ended())?.state, "succeeded");
  assert.equal((await world.store.get<Approval>("approval", approvalId))?.body.status, "withdrawn");
});

test("a yes that comes in the very moment in which it is taken back is a yes on the timeline", async () => {
  const { world, id, flush, approvalId } = await askedWithin();
  const { store } = world;
  let isAsked = true;
  const get: typeof store.get = async (kind, name) => {
    if (isAsked && kind === "approval") {
      isAsked = false;
      await decide(world.deps, ANNA, { verb: "approve", approval: approvalId, reason: "" });
    }
    return store.get(kind, name);
  };
  await resolve(world, id);
  world.deps.store = { ...store, get };
  await world.pass(120_000);
  assert.equal((await store.get<Approval>("approval", approvalId))?.body.status, "approved");
  const told = (await world.timeline()).filter((line) => line.startsWith("appro"));
  assert.deepEqual([told.slice(1), flush.calls.length], [["approved by anna (api)"], 0]);
});

test("a no to the rest of a begun group undoes what was done of it, though the alert has ended", async () => {
  const steps = [step("patch", "t.patch", { group: "g" }), step("flush", "t.flush", { group: "g" })];
  const { world, id, back, ended } = await begun(steps, { verify: verify("t.read") });
  const flush = scripted(world.actions, "t.flush", { effect: "destructive" });
  await world.drain();
  await resolve(world, id);
  await world.drain();
  const { approvalId = "" } = (await world.run(id)).asked ?? {};
  await decide(world.deps, ANNA, { verb: "reject", approval: approvalId, reason: "not now" });
  await world.pass(120_000);
  assert.deepEqual([flush.calls.length, back.calls.length, (await ended())?.state], [0, 1, "cancelled"]);
});

test("a step that fails as its alert ends has failed: what was changed before it goes back, and nothing is measured", async () => {
  const steps = [step("patch", "t.patch"), step("fail", "t.fail")];
  const { world, id, back, ended } = await begun(steps, { onFailure: ["revert"], verify: verify("t.read") });
  scripted(world.actions, "t.fail", {
    answer: async () => {
      await resolve(world, id);
      return { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" };
    },
  });
  await world.pass(120_000);
  assert.deepEqual([back.calls.length, await ended().then((end) => end?.reason)], [1, "fail: no; reverted: patch"]);
});
