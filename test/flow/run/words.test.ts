import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import { createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";

const HOUR = 3_600_000;
const DEAD = "the worker that called it ended before it could record the outcome";
const done: ActionResult = { ok: true, done: true, output: {} };

/** Two steps whose workers die in the call, and a check that holds from its fourth measurement on. */
function crashingWorld(): World {
  const world = createWorld();
  scripted(world.actions, "t.set", {
    answer: () => world.die(),
    reconcile: async () => ({ verdict: "done", result: done }),
    revert: () => ({ uses: "t.unset", with: {} }),
  });
  scripted(world.actions, "t.unset");
  scripted(world.actions, "t.roll", {
    answer: () => world.die(),
    reconcile: async () => ({ verdict: "done", result: { ok: true, done: false, handle: {}, pollAfter: 5_000 } }),
    poll: async () => done,
  });
  const looked = { times: 0 };
  const look = (): ActionResult => ({ ok: true, done: true, output: { ok: looked.times++ > 3 } });
  scripted(world.actions, "t.look", { effect: "read", answer: look });
  return world;
}

test("the timeline reads as people would tell it: found after a crash, checks, the end of a lease", async () => {
  const world = crashingWorld();
  const lease = { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" as const } };
  const steps = [step("look", "t.look"), step("set", "t.set", { lease }), step("roll", "t.roll")];
  world.playbooks.set("p", playbook("p", steps, { verify: verify("t.look") }));
  const run = await world.open("p");
  await world.drain();
  await world.pass(400_000);
  const lines = (await world.timeline()).map((line) => line.replace(/lea-\w+/, "LEASE"));
  assert.deepEqual(lines, [
    `playbook p chosen for thing:one (P0, autonomy auto); run ${run}`,
    "look succeeded (ok false)",
    "set: do t.set",
    `set succeeded: found done at its target; ${DEAD}`,
    "lease LEASE: do t.unset, at 1970-01-01 01:17:40Z at the latest",
    "roll: do t.roll",
    `roll is under way (found at its target; ${DEAD}); waiting until the target has finished`,
    "roll succeeded",
    "measuring recovery for at most 5m",
    "checks do not hold yet: ok == true (ok false)",
    "checks hold: ok == true (ok true)",
    "p succeeded: recovery was measured and held",
    "mitigated: recovery was measured and held; the alert still fires",
  ]);
});

test("of several checks each says whether it holds, until all do", async () => {
  const world = createWorld();
  const looked = { times: 0 };
  const answer = (): ActionResult => ({ ok: true, done: true, output: { ok: looked.times++ > 0 } });
  scripted(world.actions, "t.set");
  scripted(world.actions, "t.look", { effect: "read", answer });
  const { checks } = verify("t.look");
  world.playbooks.set(
    "p",
    playbook("p", [step("set", "t.set")], { verify: verify("t.look", { checks: [...checks, ...checks] }) }),
  );
  await world.open("p");
  await world.drain();
  await world.pass(60_000);
  assert.deepEqual(
    (await world.timeline()).filter((line) => line.startsWith("checks ")),
    [
      "checks do not hold yet: ok == true (ok false): does not hold; ok == true (ok true): holds",
      "checks hold: ok == true (ok true); ok == true (ok true)",
    ],
  );
});
