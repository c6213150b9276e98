import assert from "node:assert/strict";
import { test } from "node:test";
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
