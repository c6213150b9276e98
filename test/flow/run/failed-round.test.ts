import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, condition, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** `t.set` writes the round's share; `t.check` fails in the second round. */
function roundsWorld(steps: readonly Step[], config = CONFIG) {
  const world = createWorld(config);
  const undone: unknown[] = [];
  scripted(world.actions, "t.set", {
    effect: "reversible",
    revert: (input) => ({ uses: "t.back", with: { share: input["share"] } }),
  });
  scripted(world.actions, "t.back", {
    effect: "reversible",
    async run({ share }, ctx) {
      ctx.fence();
      undone.push(share);
      return { ok: true, done: true, output: {} };
    },
  });
  scripted(world.actions, "t.check", {
    answer: (call) =>
      call === 2
        ? { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }
        : { ok: true, done: true, output: {} },
  });
  const rounds: Step = { kind: "for-each", id: "r", as: "share", items: constant([10, 25, 50]), steps };
  world.playbooks.set("p", playbook("p", [rounds], { onFailure: ["escalate"] }));
  return { world, undone };
}

const SET = step("set", "t.set", {
  with: {
    text: "",
    reads: [],
    render: ({ item }) => ({ known: true, value: { share: item?.["share"] } }),
  },
});

test("a step that fails in a round goes back to the round before, whatever on-failure says", async () => {
  const { world, undone } = roundsWorld([SET, step("check", "t.check")]);
  const id = await world.open("p");
  await world.pass(60_000);
  assert.deepEqual(undone, [25]);
  assert.equal((await world.run(id)).ended?.reason, "r/1/check: no; reverted: r/1/set");
});

test("all that the round has changed goes back, not only the group in it", async () => {
  const { world, undone } = roundsWorld([
    SET,
    { ...SET, id: "more", group: "g" },
    step("check", "t.check", { group: "g" }),
  ]);
  const id = await world.open("p");
  await world.pass(60_000);
  assert.deepEqual(undone, [25, 25]);
  assert.equal((await world.run(id)).ended?.reason, "r/1/check: no; reverted: r/1/more, r/1/set");
});

test("a round that has changed nothing before its step fails has nothing to go back on", async () => {
  const { world, undone } = roundsWorld([step("check", "t.check"), SET]);
  const id = await world.open("p");
  await world.pass(60_000);
  assert.deepEqual(undone, []);
  assert.equal((await world.run(id)).ended?.reason, "r/1/check: no");
});

test("a step that a guard denies in a round that has begun goes back too, and one that begins it does not", async () => {
  const wide = { targets: (input: object) => ("wide" in input ? ["thing:one", "thing:two"] : ["thing:one"]) };
  for (const [steps, back] of [
    [["set", "wide"], [10]],
    [["wide", "set"], []],
  ] as const) {
    const rows = { set: SET, wide: step("wide", "t.wide", { with: constant({ wide: true }) }) };
    const { world, undone } = roundsWorld(
      steps.map((id) => rows[id]),
      { ...CONFIG, limits: { ...CONFIG.limits, maxTargetsPerStep: 1 } },
    );
    scripted(world.actions, "t.wide", wide);
    const id = await world.open("p");
    await world.pass(60_000);
    assert.deepEqual(undone, back);
    assert.match((await world.run(id)).ended?.reason ?? "", /^denied.blast-radius/);
  }
});

test("a step that people refuse in a round that has begun goes back too", async () => {
  const asks = step("more", "t.check", {
    approval: { askUnless: condition("round one", ({ item }) => item?.["share"] === 10) },
  });
  const { world, undone } = roundsWorld([SET, asks]);
  scripted(world.actions, "t.check");
  const id = await world.open("p");
  await world.pass(60_000);
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  assert.ok((await decide(world.deps, ANNA, { verb: "reject", approval })).ok);
  await world.pass(60_000);
  assert.deepEqual(undone, [25]);
  const { state, reason } = (await world.run(id)).ended ?? {};
  assert.deepEqual([state, reason], ["cancelled", "rejected by anna (api); reverted: r/1/set"]);
});
