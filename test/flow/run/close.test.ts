import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../../src/core/decision.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { TARGETS_ALERTING } from "../../../src/flow/run/targets.ts";
import { ANNA, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

const MINUTE = 60_000;
const HANDS_ON: readonly Decision[] = [
  { verb: "take", incident: "inc-1" },
  { verb: "pause", scope: "incident:inc-1" },
];

/** A run that has changed something and verifies it in vain, with `revert` on failure. */
async function openWorld(more: Parameters<typeof step>[2] = {}) {
  const world = createWorld();
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: false } }),
  });
  const act = scripted(world.actions, "t.act", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  const steps = [
    step("a", "t.act", more),
    { kind: "wait" as const, id: "w", for: 10 * MINUTE },
    step("b", "t.act", more),
  ];
  world.playbooks.set("p", playbook("p", steps, { verify: verify("t.read"), onFailure: ["revert"] }));
  const id = await world.open("p");
  await world.drain();
  return { ...world, id, act, back, anna: (decision: Decision) => decide(world.deps, ANNA, decision) };
}

test("closing what is taken over or paused ends its runs where they are: nothing is changed or undone afterwards", async () => {
  for (const held of HANDS_ON) {
    const { anna, act, back, id, pass, run, store } = await openWorld({ group: "g" });
    await anna(held);
    await pass(MINUTE);
    const closed = await anna({ verb: "close", incident: "inc-1", reason: "fixed by hand" });
    assert.match(closed.sentence, /its runs end where they are/);
    await pass(60 * MINUTE);
    assert.deepEqual([act.calls.length, back.calls.length], [1, 0], held.verb);
    const { ended } = await run(id);
    assert.equal(ended?.state, "cancelled");
    assert.match(ended?.reason ?? "", /anna .*closed the incident.*what it has changed and not undone stays/);
    assert.deepEqual(await store.pauses(), []);
    assert.deepEqual(await store.locks(["thing:one"]), {});
    assert.deepEqual((await store.page(TARGETS_ALERTING, { limit: 9 })).members, []);
  }
});

test("a revert that a take holds back is not let go by closing", async () => {
  const { anna, back, pass, run, id } = await openWorld();
  await anna({ verb: "cancel", run: id });
  await pass(MINUTE);
  assert.equal((await run(id)).ended?.state, "cancelled");
  const other = await openWorld();
  await other.pass(11 * MINUTE);
  await other.anna({ verb: "take", incident: "inc-1" });
  await other.pass(20 * MINUTE);
  await other.anna({ verb: "close", incident: "inc-1" });
  await other.pass(60 * MINUTE);
  assert.deepEqual([back.calls.length, other.back.calls.length], [0, 0]);
  assert.equal((await other.run(other.id)).ended?.state, "cancelled");
});

test("closing what nobody has in hand lets its run verify what it has changed, and undo it", async () => {
  const { anna, act, back, pass } = await openWorld();
  await anna({ verb: "close", incident: "inc-1" });
  await pass(60 * MINUTE);
  assert.deepEqual([act.calls.length, back.calls.length], [1, 1]);
});

test("a lease of an incident that was taken over and closed still ends at its time", async () => {
  const { anna, act, back, pass } = await openWorld({
    lease: { for: 120 * MINUTE, releaseWhen: [], onEnd: { kind: "revert" } },
  });
  await anna({ verb: "take", incident: "inc-1" });
  await anna({ verb: "close", incident: "inc-1" });
  await pass(60 * MINUTE);
  assert.deepEqual([act.calls.length, back.calls.length], [1, 0]);
  await pass(70 * MINUTE);
  assert.equal(back.calls.length, 1);
});
