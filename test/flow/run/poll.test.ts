import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import { AppError } from "../../../src/core/errors.ts";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

const DOWN: ActionResult = { ok: false, reason: "unreachable", message: "down", retryable: true, sent: "no" };
const later = (n: number): ActionResult => ({ ok: true, done: false, handle: { n }, pollAfter: 5_000 });

/** A change that is under way from its call on, and what asking for it says, time after time. */
async function underWay(...answers: readonly ActionResult[]) {
  const world = createWorld();
  const seen: unknown[] = [];
  const roll = scripted(world.actions, "t.roll", {
    answer: () => later(1),
    poll: async (handle) => {
      seen.push(handle["n"]);
      return answers[Math.min(seen.length, answers.length) - 1] ?? DOWN;
    },
  });
  const retry = { attempts: 3, delay: 1_000, backoff: "constant" } as const;
  world.playbooks.set("p", playbook("p", [step("roll", "t.roll", { timeout: 60_000, retry })]));
  const id = await world.open("p");
  await world.drain();
  return { world, seen, roll, ended: async () => (await world.run(id)).ended };
}

test("a target that cannot be asked for a moment is asked again, by what it said last", async () => {
  const { world, seen, ended } = await underWay(DOWN, later(2), { ok: true, done: true, output: {} });
  await world.pass(30_000);
  assert.deepEqual([seen, (await ended())?.state], [[1, 1, 2], "succeeded"]);
});

test("one that cannot be asked until its timeout has failed with that, and nothing is called again", async () => {
  const { world, roll, ended } = await underWay(DOWN);
  await world.pass(50_000);
  assert.equal(await ended(), undefined);
  await world.pass(30_000);
  assert.equal((await ended())?.reason, "roll: t.roll has not finished within its timeout: down");
  assert.equal(roll.calls.length, 1);
});

test("a change whose action can be asked no more ends as failed, and is not made again", async () => {
  const { world, roll, ended } = await underWay(later(1));
  const { poll: _, ...rest } = world.actions.get("t.roll") ?? assert.fail();
  world.actions.set("t.roll", rest);
  await world.pass(30_000);
  assert.equal((await ended())?.reason, "roll: t.roll cannot be polled any more");
  assert.equal(roll.calls.length, 1);
});

test("one that is found done counts as done, however late somebody asks", async () => {
  const { world, ended } = await underWay({ ok: true, done: true, output: {} });
  await world.leap(3_600_000);
  assert.equal((await ended())?.state, "succeeded");
});

test("what was accepted is known before anybody asks for it: a worker that ends while it asks leaves nothing unknown", async () => {
  const world = createWorld();
  let polls = 0;
  const roll = scripted(world.actions, "t.roll", {
    answer: () => ({ ok: true, done: false, handle: {}, pollAfter: 0 }),
    poll: async () => (++polls === 1 ? world.die() : { ok: true, done: true, output: {} }),
  });
  world.playbooks.set("p", playbook("p", [step("roll", "t.roll")]));
  const id = await world.open("p");
  await world.pass(120_000);
  const { ended, unknown } = await world.run(id);
  assert.deepEqual([roll.calls.length, polls, ended?.state, unknown], [1, 2, "succeeded", undefined]);
});

test("a change that is under way is followed to its end although its playbook is gone", async () => {
  const { world, ended } = await underWay(later(1), later(1), later(1), { ok: true, done: true, output: {} });
  world.deps.playbookOf = async () => {
    throw new AppError("not_found", "its text is gone");
  };
  await world.pass(60_000);
  assert.match((await world.timeline()).join("\n"), /^roll succeeded$/m);
  assert.match((await ended())?.reason ?? "", /its text is gone$/);
});

test("a target is asked as often as it has said", async () => {
  const { world, seen } = await underWay(later(1));
  await world.pass(30_000);
  assert.equal(seen.length, 6);
});
