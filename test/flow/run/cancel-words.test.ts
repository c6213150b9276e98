import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, constant, playbook, scripted, step } from "../../support/engine.ts";
import { fieldWorld, leased } from "../../support/field-world.ts";

const pause: Step = { kind: "wait", id: "pause", for: 3_600_000 };
const set = step("set", "t.set", { with: constant({ name: "F", value: "on" }) });

async function cancelled(steps: readonly Step[], more: Parameters<typeof playbook>[2] = {}): Promise<string> {
  const { world } = fieldWorld();
  scripted(world.actions, "t.act");
  scripted(world.actions, "t.fail", {
    effect: "read",
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  world.playbooks.set("p", playbook("p", steps, more));
  const run = await world.open("p");
  await world.drain();
  if (more.onFailure) await decide(world.deps, ANNA, { verb: "pause", scope: "global" });
  if (more.onFailure) await world.pass(120_000);
  return (await decide(world.deps, ANNA, { verb: "cancel", run })).sentence;
}

test("who cancels a run is told what becomes of what it has changed", async () => {
  assert.match(await cancelled([pause]), /no further step is started\. It had changed nothing\.$/);
  assert.match(await cancelled([step("act", "t.act"), pause]), /stays, and nothing undoes it by itself\.$/);
  assert.match(await cancelled([leased("on", 1), pause]), /Lease (lea-\w+) ends .* `revert \1` undoes it now; /);
  const undoing = [set, { ...pause, for: 60_000 }, step("fail", "t.fail")];
  assert.match(await cancelled(undoing, { onFailure: ["revert"] }), /\. It goes on undoing what it has changed; /);
});

test("who cancels the undoing of a lease while its call is under way is not told that it stays", async () => {
  const { world, field } = fieldWorld();
  const set = world.actions.get("t.set");
  assert.ok(set);
  const said: string[] = [];
  const run: typeof set.run = async (input, ctx, before) => {
    const [revert] = (await world.store.page("runs:active", { limit: 1 })).members;
    if (input["value"] === "off" && revert !== undefined)
      said.push((await decide(world.deps, ANNA, { verb: "cancel", run: revert })).sentence);
    return set.run(input, ctx, before);
  };
  world.actions.set("t.set", { ...set, run });
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.pass(3_700_000);
  assert.equal(field.value, "off");
  assert.match(said[0] ?? "", / A call of it has begun: if that takes effect, lease lea-\w+ is undone all the same\. /);
});
