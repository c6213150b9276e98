import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** `t.set` writes the round's share; `t.check` fails in the second round. */
function roundsWorld(steps: readonly Step[]) {
  const world = createWorld();
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
