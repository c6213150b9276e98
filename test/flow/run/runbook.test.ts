import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import { runView } from "../../../src/flow/run-view.ts";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

test("a run and what it asks for say where the playbook's longer story stands", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act");
  const runbook = "https://runbooks.example.com/p";
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" }, runbook }));
  const id = await world.open("p");
  await world.drain();
  const run = await world.run(id);
  assert.equal(runView(run).runbook, runbook);
  const approval = await world.store.get<Approval>("approval", run.asked?.approvalId ?? "");
  assert.equal(approval?.body.runbook, runbook);
});
