import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import { createDesk } from "../../../src/flow/desk/desk.ts";
import { createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";
import { constant } from "../../support/scripted.ts";

function deskOf({ store }: World) {
  return createDesk({
    store,
    playbooks: () => [],
    demoted: async () => new Set(),
    decide: async () => ({ ok: true, sentence: "" }),
    plan: async () => ({ alerts: [], runs: [] }),
    preview: async () => ({ alerts: [], runs: [] }),
    unassessed: async () => [],
  });
}

test("a task is listed with the incident of the run that asks for it", async () => {
  const world = createWorld();
  world.actions.set("human.task", createHumanTask(world.store));
  const look = step("look", "human.task", { with: constant({ ask: "look" }), timeout: 60_000 });
  world.playbooks.set("p", playbook("p", [look]));
  await world.open("p");
  await world.pass(10_000);
  const { items = [] } = (await deskOf(world).tasks?.({ limit: 5, status: "open" })) ?? {};
  assert.deepEqual(
    items.map(({ incidentId }) => incidentId),
    ["inc-1"],
  );
});

test("a run under way is found by its state, however many have begun and ended since", async () => {
  const world = createWorld();
  scripted(world.actions, "t.lost", {
    answer: () => ({ ok: false, reason: "timeout", message: "no answer", retryable: false, sent: "unknown" }),
  });
  scripted(world.actions, "t.read", { effect: "read" });
  world.playbooks.set("lost", playbook("lost", [step("one", "t.lost")]));
  world.playbooks.set("reads", playbook("reads", [step("one", "t.read")], { target: constant("thing:two") }));
  const stopped = await world.open("lost", { id: "inc-0", key: "0" });
  await world.drain();
  for (let nth = 1; nth <= 30; nth++) {
    await world.open("reads", { id: `inc-${nth}`, key: `${nth}` });
    await world.pass(5_000);
  }
  const desk = deskOf(world);
  const found = await desk.runs({ limit: 1, state: "unknown_outcome" });
  assert.deepEqual(
    found.items.map(({ id }) => id),
    [stopped],
  );
  const ended = await desk.runs({ limit: 5, state: "succeeded" });
  assert.equal(ended.items.length, 5);
});
