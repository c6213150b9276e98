import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const MINUTE = 60_000;
/** The world's clock begins at 00:16:40. */
const ENDS_AT = 60 * MINUTE;
const NIGHT = { cron: "0 0 * * *", for: ENDS_AT, tz: "UTC", allow: [], reason: "night" };

async function frozen() {
  const world = createWorld({ ...CONFIG, freeze: [NIGHT] });
  const wakes: { member: string; at: number }[] = [];
  world.deps.queue.wake = async (member, _, delay = 0) => void wakes.push({ member, at: world.clock.now() + delay });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("a", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  return { world, act, wakes, ended: (await world.run(id)).ended };
}

test("whoever is called while a freeze holds a playbook back is told until when, and that it is tried again then", async () => {
  const { world, act, ended } = await frozen();
  assert.equal(ended?.reason, "denied.freeze: freeze: night, until 1970-01-01 01:00:00Z");
  const said = await world.timeline();
  const called =
    "a person is needed: no playbook is left for thing:one after p; p is tried again at 1970-01-01 01:00:00Z if it still fires then";
  assert.ok(said.includes(called), said.join("\n"));
  await world.leap(ENDS_AT - world.clock.now() + 1);
  await world.store.commit({ checks: [], writes: [{ write: "due", member: "incident:inc-1", at: 0 }] });
  await world.drain();
  assert.equal(act.calls.length, 1);
});

test("what a freeze held back is looked at when it ends, not with the next round", async () => {
  const { wakes } = await frozen();
  assert.ok(wakes.some(({ member, at }) => member === "incident:inc-1" && at >= ENDS_AT && at < ENDS_AT + 1_000));
});
