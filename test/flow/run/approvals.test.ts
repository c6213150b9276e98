import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { runView } from "../../../src/flow/run-view.ts";
import { ANNA, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const start = {
  playbook: () => undefined,
  playbookNames: () => [],
  autonomyLimits: async () => ({ ceiling: "auto" as const, demoted: new Set<string>() }),
};

test("asks once, shows every mutating step, and acts after approval only", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set(
    "p",
    playbook("p", [step("one", "t.act"), step("two", "t.act")], { autonomy: { P0: "approve" } }),
  );
  const id = await world.open("p");
  await world.drain();
  const asked = (await world.run(id)).asked;
  assert.ok(asked);
  assert.equal(act.calls.length, 0);
  assert.deepEqual(runView(await world.run(id), 0).steps, [
    { path: "one", uses: "t.act", state: "pending" },
    { path: "two", uses: "t.act", state: "pending" },
  ]);
  const approval = (await world.store.get<Approval>("approval", asked.approvalId))?.body;
  assert.deepEqual(
    approval?.steps.map((one) => one.path),
    ["one", "two"],
  );
  const yes = { verb: "approve", approval: asked.approvalId, reason: "as agreed" } as const;
  const decided = await decide({ ...world.deps, ...start }, ANNA, yes);
  assert.equal(decided.ok, true);
  assert.ok((await world.timeline()).some((line) => line.endsWith(`approved ${asked.approvalId}: as agreed`)));
  const again = await decide({ ...world.deps, ...start }, ANNA, { verb: "approve", approval: asked.approvalId });
  assert.equal(again.ok, false);
  await world.drain();
  assert.equal(act.calls.length, 2);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("an approval that nobody decides expires and runs nothing", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.pass(16 * 60_000);
  assert.equal(act.calls.length, 0);
  assert.equal((await world.run(id)).ended?.state, "cancelled");
  assert.ok(
    (await world.timeline()).some((line) => line.includes("still waiting")),
    "reminded at half time",
  );
});

test("a step whose input has changed since the approval asks again", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  let value = 1;
  const changing = { text: "value", reads: [], render: () => ({ known: true as const, value: { value } }) };
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { with: changing })], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const first = (await world.run(id)).asked?.approvalId ?? "";
  value = 2;
  await decide({ ...world.deps, ...start }, ANNA, { verb: "approve", approval: first });
  await world.drain();
  const second = (await world.run(id)).asked?.approvalId ?? "";
  assert.notEqual(second, first);
  assert.equal(act.calls.length, 0, "what was approved is what runs");
});

test("the metric counts the decision that was stored, not those that lost against it", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  const counted: string[] = [];
  const metrics = { ...world.deps.metrics, approval: (status: string) => void counted.push(status) };
  const deps = { ...world.deps, ...start, metrics };
  await Promise.all([1, 2, 3].map(() => decide(deps, ANNA, { verb: "approve", approval })));
  assert.deepEqual(counted, ["approved"]);
});
