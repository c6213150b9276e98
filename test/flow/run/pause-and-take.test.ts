import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../../src/core/decision.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const BEN = { ...ANNA, name: "ben", person: "ben" };
const MINUTE = 60_000;

async function openWorld() {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("a", "t.act")]));
  await world.open("p");
  return {
    ...world,
    act,
    anna: (decision: Decision) => decide(world.deps, ANNA, decision),
    ben: (decision: Decision) => decide(world.deps, BEN, decision),
  };
}

test("a take holds until release, whatever pauses of the same incident come and go", async () => {
  const { anna, ben, pass, act } = await openWorld();
  await anna({ verb: "take", incident: "inc-1" });
  await ben({ verb: "pause", scope: "incident:inc-1", for: MINUTE });
  await pass(5 * MINUTE);
  await ben({ verb: "pause", scope: "incident:inc-1" });
  const resumed = await ben({ verb: "resume", scope: "incident:inc-1" });
  assert.match(resumed.sentence, /anna \(api\) has taken over inc-1.*until release/);
  await pass(5 * MINUTE);
  assert.equal(act.calls.length, 0);
  await anna({ verb: "release", incident: "inc-1" });
  await pass(MINUTE);
  assert.equal(act.calls.length, 1);
});

test("a release leaves somebody else's pause of the incident in force, and says so", async () => {
  const { anna, ben, pass, act } = await openWorld();
  await ben({ verb: "pause", scope: "incident:inc-1", reason: "do not touch" });
  await anna({ verb: "take", incident: "inc-1" });
  const released = await anna({ verb: "release", incident: "inc-1" });
  assert.match(released.sentence, /incident:inc-1 is paused by ben/);
  await pass(5 * MINUTE);
  assert.equal(act.calls.length, 0);
  await ben({ verb: "resume", scope: "incident:inc-1" });
  await pass(MINUTE);
  assert.equal(act.calls.length, 1);
});

test("a take that was stored as a pause of the incident is lifted by release", async () => {
  const { anna, pass, act, store } = await openWorld();
  await anna({ verb: "take", incident: "inc-1" });
  const taken = (await store.get<{ at: number }>("pause", "taken:inc-1"))?.body;
  await store.commit({
    checks: [],
    writes: [
      { write: "delete", kind: "pause", id: "taken:inc-1" },
      { write: "put", kind: "pause", id: "incident:inc-1", body: { ...taken, scope: "incident:inc-1" } },
    ],
  });
  await pass(MINUTE);
  assert.equal(act.calls.length, 0);
  await anna({ verb: "release", incident: "inc-1" });
  await pass(MINUTE);
  assert.equal(act.calls.length, 1);
});

test("a take is lifted by release, not by resuming it", async () => {
  const { anna, ben, store } = await openWorld();
  await anna({ verb: "take", incident: "inc-1" });
  const refused = await ben({ verb: "resume", scope: "taken:inc-1" });
  assert.equal(refused.ok, false);
  assert.match(refused.sentence, /release inc-1/);
  assert.equal((await store.pauses()).length, 1);
});

test("a shorter pause does not end a longer one; a longer one takes its place; resume ends either", async () => {
  const { anna, ben, pass, act } = await openWorld();
  await anna({ verb: "pause", scope: "global", for: 10 * MINUTE });
  const shorter = await ben({ verb: "pause", scope: "global", for: MINUTE });
  assert.match(shorter.sentence, /paused by anna.*resume global first/);
  await pass(9 * MINUTE);
  assert.equal(act.calls.length, 0);
  await ben({ verb: "pause", scope: "global" });
  await anna({ verb: "pause", scope: "global", for: MINUTE });
  await pass(5 * MINUTE);
  assert.equal(act.calls.length, 0);
  await anna({ verb: "resume", scope: "global" });
  await pass(MINUTE);
  assert.equal(act.calls.length, 1);
});

test("a pause of what there is not is refused with what there is; a target may become known later", async () => {
  const { anna, store } = await openWorld();
  const playbookTypo = await anna({ verb: "pause", scope: "playbook:q" });
  assert.equal(playbookTypo.ok, false);
  assert.match(playbookTypo.sentence, /no playbook q, so nothing is paused; .*\bp\b/);
  assert.equal((await anna({ verb: "pause", scope: "incident:inc-999" })).ok, false);
  assert.deepEqual(await store.pauses(), []);
  const target = await anna({ verb: "pause", scope: "target:thing:oen" });
  assert.equal(target.ok, true);
  assert.match(target.sentence, /No run has had the target thing:oen yet; did you mean thing:one/);
  assert.doesNotMatch((await anna({ verb: "pause", scope: "target:thing:one" })).sentence, /No run/);
});

test("a playbook that was taken away while a run of it is under way can still be paused", async () => {
  const { anna, playbooks } = await openWorld();
  playbooks.delete("p");
  assert.equal((await anna({ verb: "pause", scope: "playbook:p" })).ok, true);
});

test("a pause for no time is refused: it would hold nothing", async () => {
  const { anna, store } = await openWorld();
  const refused = await anna({ verb: "pause", scope: "global", for: 0 });
  assert.equal(refused.ok, false);
  assert.match(refused.sentence, /^pause for a time above 0/);
  assert.deepEqual(await store.pauses(), []);
});
