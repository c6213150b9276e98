import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

for (const { what, autonomy, follows } of [
  { what: "that asks people", autonomy: "approve", follows: true },
  { what: "that needs nobody", autonomy: "auto", follows: false },
] as const)
  test(`who looks after an incident is told at once of a run ${what}: ${follows}`, async () => {
    const world = createWorld();
    const woken: string[] = [];
    world.deps.queue.wake = async (member) => void woken.push(member);
    scripted(world.actions, "t.act");
    world.playbooks.set(
      "p",
      playbook("p", [step("one", "t.act"), step("two", "t.act")], { autonomy: { P0: autonomy } }),
    );
    const id = await world.open("p");
    await world.drain();
    assert.equal((await world.run(id)).ended?.state, follows ? undefined : "succeeded");
    assert.equal(woken.includes(`follow:${(await world.run(id)).created.incidentId}`), follows, woken.join(" "));
  });
