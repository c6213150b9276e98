import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const MINUTE = 60_000;

test("a run that waits for a lock and has to ask anew waits its whole time again after the yes", async () => {
  const approvals = { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, validFor: 5 * MINUTE } };
  const world = createWorld({ ...CONFIG, approvals });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "approve" } }));
  const locks = ["thing:one"];
  await world.store.commit({ checks: [], writes: [{ write: "lock", locks, owner: "run-other" }] });
  const id = await world.open("p");
  await world.drain();
  const approve = async () => {
    const { approvalId = "" } = (await world.run(id)).asked ?? {};
    await decide(world.deps, ANNA, { verb: "approve", approval: approvalId, reason: "" });
    await world.drain();
    assert.equal((await world.run(id)).waiting?.reason, "lock");
  };
  await approve();
  await world.pass(11 * MINUTE);
  await approve();
  await world.pass(MINUTE);
  await world.store.commit({ checks: [], writes: [{ write: "unlock", locks, owner: "run-other" }] });
  await world.pass(MINUTE);
  assert.deepEqual([act.calls.length, (await world.run(id)).ended?.state], [1, "succeeded"]);
});
