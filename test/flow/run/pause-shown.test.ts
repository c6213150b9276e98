import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../../src/core/decision.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, playbook, scripted, step } from "../../support/engine.ts";

async function openWorld() {
  const world = createWorld();
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("a", "t.act")]));
  await world.open("p");
  return {
    ...world,
    anna: (decision: Decision) => decide(world.deps, ANNA, decision),
    isShown: async () => (await world.store.due(100)).some(({ member }) => member === "chat:inc-1"),
  };
}

test("who paused an incident, for how long and why, and who resumed it, is on its timeline and shown", async () => {
  const { anna, timeline, isShown } = await openWorld();
  await anna({ verb: "pause", scope: "incident:inc-1", for: 600_000, reason: "a deploy" });
  assert.ok(await isShown());
  await anna({ verb: "resume", scope: "incident:inc-1" });
  assert.deepEqual((await timeline()).slice(-2), [
    "anna (api) paused incident:inc-1 for 10m: a deploy; no further change is started",
    "incident:inc-1 is resumed by anna (api)",
  ]);
});

test("open incidents are shown anew when the kill switch is thrown and when it is lifted", async () => {
  const { anna, store, isShown } = await openWorld();
  await store.commit({
    checks: [],
    writes: [
      { write: "index", index: "incidents:mitigated", member: "inc-1", score: 1 },
      { write: "undue", member: "chat:inc-1" },
    ],
  });
  await anna({ verb: "pause", scope: "global" });
  assert.ok(await isShown());
  await store.commit({ checks: [], writes: [{ write: "undue", member: "chat:inc-1" }] });
  await anna({ verb: "resume", scope: "global" });
  assert.ok(await isShown());
});

test("resuming an incident that was removed leaves no timeline of it behind", async () => {
  const { anna, store } = await openWorld();
  await anna({ verb: "pause", scope: "incident:inc-1" });
  const { length } = await store.list("timeline:inc-1", 0);
  await store.commit({ checks: [], writes: [{ write: "delete", kind: "incident", id: "inc-1" }] });
  await anna({ verb: "resume", scope: "incident:inc-1" });
  assert.equal(await store.length("timeline:inc-1"), length);
});
