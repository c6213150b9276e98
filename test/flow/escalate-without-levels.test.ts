import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHumanTask } from "../../src/actions/people/human-task.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { ANNA, constant, createWorld, playbook, scripted, step, type World } from "../support/engine.ts";
import { losing, minutes } from "../support/incident.ts";

const MINUTE = 60_000;

/** What a chat calls the default approval group for. */
async function unnamed(world: World): Promise<readonly string[]> {
  const entries = await world.store.list<TimelineEntry>("timeline:inc-1");
  return entries.filter((one) => one.kind === "escalation" && one.notify === undefined).map(({ text }) => text);
}

describe("without levels", () => {
  test("an unknown outcome calls once, whoever has acknowledged the incident before", async () => {
    const world = createWorld();
    losing(world);
    const run = await world.open("p");
    await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
    await minutes(world, 40);
    const [call, ...rest] = await unnamed(world);
    assert.match(call ?? "", new RegExp(`^a person is needed: run ${run} waits for an answer: `));
    assert.deepEqual(rest, []);
  });

  test("a task calls once, after an acknowledgement when that has run out", async () => {
    for (const isAcknowledged of [false, true]) {
      const world = createWorld();
      world.actions.set("human.task", createHumanTask(world.store));
      const steps = [step("ask", "human.task", { with: constant({ ask: "look" }), timeout: 600 * MINUTE })];
      world.playbooks.set("p", playbook("p", steps));
      await world.open("p");
      if (isAcknowledged) await decide(world.deps, ANNA, { verb: "ack", incident: "inc-1" });
      await world.drain();
      assert.equal((await unnamed(world)).length, isAcknowledged ? 0 : 1);
      await minutes(world, 40);
      const [call, ...rest] = await unnamed(world);
      assert.match(call ?? "", /^a person is needed: task tsk-\w+ waits: look$/);
      assert.deepEqual(rest, []);
    }
  });

  test("an approval calls by its own message alone, and once as it lapses", async () => {
    const world = createWorld();
    scripted(world.actions, "t.do");
    world.playbooks.set("p", playbook("p", [step("a", "t.do")], { autonomy: { P0: "approve", P1: "approve" } }));
    await world.open("p");
    await minutes(world, 5);
    assert.deepEqual(await unnamed(world), []);
    await minutes(world, 40);
    const [lapsed, ...rest] = await unnamed(world);
    assert.match(lapsed ?? "", /^nobody decided apr-\w+ in time; /);
    assert.deepEqual(rest, []);
  });
});
