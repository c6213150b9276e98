import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, condition, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const MINUTE = 60_000;
const HIGH = condition("facts.load > 0.5", ({ facts }) => above(facts["load"], 0.5), ["load"]);
const PAUSE: Step = { kind: "wait", id: "pause", for: 5 * MINUTE };

function above(value: number | null | undefined, than: number): boolean | undefined {
  return typeof value === "number" ? value > than : undefined;
}

/** A world in which the fact `load` is what the test says, and was high when the run began. */
async function loaded(steps: readonly Step[], autonomy: "auto" | "approve" = "auto") {
  const world = createWorld();
  const load: { now: number | null; measured: number } = { now: 0.9, measured: 0 };
  world.deps.measure = async (names) => {
    load.measured++;
    return Object.fromEntries(names.map((name) => [name, load.now]));
  };
  const act = scripted(world.actions, "t.act");
  scripted(world.actions, "t.roll", {
    answer: () => ({ ok: true, done: false, handle: {}, pollAfter: MINUTE }),
    poll: async () => ({ ok: true, done: true, output: {} }),
  });
  world.playbooks.set("p", playbook("p", steps, { autonomy: { P0: autonomy } }));
  const id = await world.open("p", {}, { load: 0.9, other: 0.9 });
  await world.drain();
  return { world, act, load, run: () => world.run(id) };
}

test("what a change depends on is measured again after a wait, and by that it is taken, left out or fails", async () => {
  const change = step("act", "t.act", { if: HIGH });
  const tree: Step = {
    kind: "switch",
    id: "tree",
    cases: [{ when: HIGH, steps: [step("act", "t.act")] }],
    default: [],
  };
  for (const one of [change, tree])
    for (const [now, calls, state] of [
      [0.9, 1, "succeeded"],
      [0.2, 0, "succeeded"],
      [null, 0, "failed"],
    ] as const) {
      const { world, act, load, run } = await loaded([PAUSE, one]);
      load.now = now;
      await world.pass(6 * MINUTE);
      assert.deepEqual([act.calls.length, (await run()).ended?.state], [calls, state], `${one.kind} at ${now}`);
      assert.equal(load.measured, 1);
    }
});

test("without a wait the facts that the run began with count", async () => {
  const { act, load } = await loaded([step("act", "t.act", { if: HIGH })]);
  assert.deepEqual([act.calls.length, load.measured], [1, 0]);
});

test("what was agreed to is left out where its condition does not hold any more by then", async () => {
  for (const [now, calls] of [
    [0.9, 1],
    [0.2, 0],
  ] as const) {
    const { world, act, load, run } = await loaded([step("act", "t.act", { if: HIGH })], "approve");
    await world.pass(5 * MINUTE);
    load.now = now;
    await decide(world.deps, ANNA, { verb: "approve", approval: (await run()).asked?.approvalId ?? "" });
    await world.pass(MINUTE);
    assert.equal(act.calls.length, calls);
  }
});

test("a rollout is a wait, too, and so is the time between two rounds", async () => {
  const change = step("act", "t.act", { if: HIGH });
  const rounds: Step = { kind: "for-each", id: "r", as: "x", items: constant([1, 2]), steps: [change], wait: MINUTE };
  for (const [steps, calls] of [
    [[step("roll", "t.roll"), change], 0],
    [[rounds], 1],
  ] as const) {
    const { world, act, load, run } = await loaded(steps);
    load.now = 0.2;
    await world.pass(5 * MINUTE);
    assert.deepEqual([act.calls.length, load.measured, (await run()).ended?.state], [calls, 1, "succeeded"]);
  }
});

test("what is measured again leaves what else is known", async () => {
  const other = condition("facts.other > 0.5", ({ facts }) => above(facts["other"], 0.5), ["other"]);
  const { world, act } = await loaded([PAUSE, step("one", "t.act", { if: HIGH }), step("two", "t.act", { if: other })]);
  await world.pass(6 * MINUTE);
  assert.equal(act.calls.length, 2);
});
