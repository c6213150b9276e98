import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../src/core/errors.ts";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

const FAULTS = [
  { message: "there is no approval group leads", path: "approval.group", file: "/old/p.yaml", line: 6, column: 20 },
];

/** A run that has changed something when `stanch.yaml` loses what its playbook names. */
async function lost(text: string) {
  const world = createWorld();
  const set = scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  const later = scripted(world.actions, "t.later");
  const wait = { kind: "wait", id: "w", for: 60_000 } as const;
  world.playbooks.set("p", playbook("p", [step("a", "t.set"), wait, step("b", "t.later")], { text }));
  const id = await world.open("p");
  await world.drain();
  assert.equal(set.calls.length, 1);
  world.deps.playbookOf = async () => {
    throw new AppError("invalid_playbook", "the playbook /old/p.yaml has faults:\n…", { faults: FAULTS });
  };
  await world.pass(120_000);
  const { ended } = await world.run(id);
  return { reason: `${ended?.state} ${ended?.reason}`, back, later, timeline: await world.timeline() };
}

const WHY =
  "failed condition_unknown: playbook: as this run began it, it cannot be read with the present stanch.yaml: approval.group: there is no approval group leads";

test("a run whose playbook cannot be read any more says what is missing, and goes back as its text says", async () => {
  for (const text of ["name: p", "name: p\non-failure: [revert]"]) {
    const { reason, back, later, timeline } = await lost(text);
    assert.equal(reason, `${WHY}; reverted: a`);
    assert.deepEqual([back.calls.length, later.calls.length], [1, 0]);
    assert.doesNotMatch(timeline.join("\n"), /old\/p\.yaml|with:/);
  }
});

test("it keeps what it changed where its text says so, or cannot be read at all", async () => {
  for (const text of ["name: p\non-failure: [escalate]", "a: [", ""]) {
    const { reason, back, later } = await lost(text);
    assert.equal(reason, WHY, text);
    assert.deepEqual([back.calls.length, later.calls.length], [0, 0]);
  }
});
