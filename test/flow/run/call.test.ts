import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

test("a call is made within what is left of the claim, whatever fraction of a millisecond that is", async () => {
  const world = createWorld();
  let spent = 0;
  world.deps.monotonic = () => world.clock.now() + spent;
  const act = scripted(world.actions, "t.act", {
    async prepare() {
      spent += 30_500.25;
      return { ok: true, before: {} };
    },
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});
