import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const range = (length: number) => Array.from({ length }, (_, index) => index);

function loop(id: string, length: number, steps: readonly Step[], known = (): boolean => true): Step {
  const items = constant(range(length));
  const render: typeof items.render = (scope) =>
    known() ? items.render(scope) : { known: false, why: "not read yet" };
  return { kind: "for-each", id, as: id, items: { ...items, render }, steps };
}

async function played(steps: readonly Step[], more: Parameters<typeof playbook>[2] = {}) {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", steps, more));
  const id = await world.open("p");
  await world.pass(120_000);
  return { act, back, ended: (await world.run(id)).ended };
}

test("nested rounds that come to more than a run may have are refused before its first change", async () => {
  const nested = loop("a", 20, [loop("b", 20, [step("act", "t.act")])]);
  for (const steps of [[nested], [step("first", "t.act"), nested]]) {
    const { act, ended } = await played(steps);
    assert.deepEqual([act.calls.length, ended?.state], [0, "failed"]);
    assert.match(ended?.reason ?? "", /^too_many_rounds: .*at most 300 in one run/);
  }
});

test("rounds that become known only on the way are refused at their loop, and what was changed goes back", async () => {
  let calls = 0;
  const { act, back, ended } = await played(
    [
      step("first", "t.act"),
      // Looked at before the first change, and known only after it.
      loop("a", 20, [loop("b", 20, [step("act", "t.act")], () => ++calls > 20)]),
    ],
    { onFailure: ["revert"] },
  );
  assert.deepEqual([act.calls.length, back.calls.length, ended?.state], [1, 1, "failed"]);
  assert.match(ended?.reason ?? "", /at most 300/);
});

test("rounds within the bound are all taken", async () => {
  const { act, ended } = await played([loop("a", 10, [loop("b", 10, [step("act", "t.act")])])]);
  assert.deepEqual([act.calls.length, ended?.state], [100, "succeeded"]);
});

test("a loop over more than 100 items, or over none that are a list, fails before its first round", async () => {
  const over: Step = {
    kind: "for-each",
    id: "a",
    as: "a",
    items: constant(JSON.parse('"abc"')),
    steps: [step("act", "t.act")],
  };
  for (const [one, why] of [
    [loop("a", 101, [step("act", "t.act")]), /^a: items has 101 entries; at most 100$/],
    [over, /^a: items is not a list$/],
  ] as const) {
    const { act, ended } = await played([one]);
    assert.deepEqual([act.calls.length, ended?.state], [0, "failed"]);
    assert.match(ended?.reason ?? "", why);
  }
  assert.equal((await played([loop("a", 100, [step("act", "t.act")])])).act.calls.length, 100);
});
