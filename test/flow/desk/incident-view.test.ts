import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { incidentView } from "../../../src/flow/desk/incident-view.ts";
import { ANNA, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

test("an incident shows what its runs wait for people to do, until it is done", async () => {
  const world = createWorld();
  world.actions.set("human.task", createHumanTask(world.store));
  scripted(world.actions, "t.act");
  const look = step("look", "human.task", { with: constant({ ask: "look at the racks" }), timeout: 3_600_000 });
  world.playbooks.set("p", playbook("p", [look, step("act", "t.act")]));
  const runId = await world.open("p");
  await world.pass(10_000);
  const foreign = { id: "tsk-other", runId: "run-of-another", ask: "x", status: "open", createdAt: 1 };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "task", id: foreign.id, body: foreign },
      { write: "index", index: "tasks:open", member: foreign.id, score: 1 },
    ],
  });
  const tasks = (await incidentView(world.store, "inc-1"))?.tasks ?? [];
  assert.deepEqual(
    tasks.map(({ ask, runId: run, incidentId }) => ({ ask, run, incidentId })),
    [{ ask: "look at the racks", run: runId, incidentId: "inc-1" }],
  );
  await decide(world.deps, ANNA, { verb: "complete", task: tasks[0]?.id ?? "", answer: "all up" });
  assert.deepEqual((await incidentView(world.store, "inc-1"))?.tasks, []);
  assert.match((await world.timeline()).join("\n"), /anna .* did: look at the racks \(all up\)/);
});

test("a task whose run has ended is asked of nobody any more", async () => {
  const world = createWorld();
  world.actions.set("human.task", createHumanTask(world.store));
  const look = step("look", "human.task", { with: constant({ ask: "look" }), timeout: 60_000 });
  world.playbooks.set("p", playbook("p", [look]));
  await world.open("p");
  await world.pass(180_000);
  assert.deepEqual((await world.store.page("tasks:open", { limit: 5 })).members, []);
  assert.deepEqual((await incidentView(world.store, "inc-1"))?.tasks, []);
});
