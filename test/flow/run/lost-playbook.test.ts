import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Run } from "../../../src/core/run/run.ts";
import { cooldownMarker } from "../../../src/flow/run/budgets.ts";
import { settleIncident } from "../../../src/flow/settle.ts";
import { createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";

const FAULTS = [
  { message: "there is no approval group leads", path: "approval.group", file: "/old/p.yaml", line: 6, column: 20 },
];

const NO_READS = { locks: [], markers: [], budgets: [], sets: [], indexes: [], docs: [] };

/** `stanch.yaml` loses what the playbook p names. */
function lose({ deps }: World): void {
  const { playbookOf } = deps;
  deps.playbookOf = async (run) => {
    if (run.created.playbook !== "p") return playbookOf(run);
    throw new AppError("invalid_playbook", "the playbook /old/p.yaml has faults:\n…", { faults: FAULTS });
  };
}

/** A run that has changed something when `stanch.yaml` loses what its playbook names. */
async function lost(text: string) {
  const world = createWorld();
  const set = scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  const later = scripted(world.actions, "t.later");
  const next = scripted(world.actions, "t.next");
  const wait = { kind: "wait", id: "w", for: 60_000 } as const;
  world.playbooks.set("p", playbook("p", [step("a", "t.set"), wait, step("b", "t.later")], { text }));
  world.playbooks.set("q", playbook("q", [step("c", "t.next")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal(set.calls.length, 1);
  lose(world);
  await world.pass(120_000);
  const { ended } = await world.run(id);
  const timeline = await world.timeline();
  const called = timeline.filter((line) => line.startsWith("a person is needed"));
  return { reason: `${ended?.state} ${ended?.reason}`, back, later, next, timeline, called, store: world.store };
}

const WHY =
  "failed condition_unknown: playbook: as this run began it, it cannot be read with the present stanch.yaml and version: approval.group: there is no approval group leads";

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

test("no other playbook follows where its text lets none, and people are called, once", async () => {
  for (const onFailure of ["[escalate]", "[revert]", "[]"]) {
    const { next, called } = await lost(`name: p\non-failure: ${onFailure}`);
    const why = "p has failed on thing:one, and its on-failure lets no other playbook follow";
    assert.deepEqual([next.calls.length, called], [0, [`a person is needed: ${why}`]]);
  }
  assert.equal((await lost("a: [")).next.calls.length, 0);
});

test("another playbook follows where its text lets it", async () => {
  for (const text of ["name: p", "name: p\non-failure: [next-playbook]"]) {
    const { next, called } = await lost(text);
    assert.deepEqual([next.calls.length, called], [1, []]);
  }
});

test("what its text lets follow is looked at later where the store is away", async () => {
  const world = createWorld();
  const refused = { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" } as const;
  scripted(world.actions, "t.set", { answer: () => refused });
  const next = scripted(world.actions, "t.next");
  world.playbooks.set("p", playbook("p", [step("a", "t.set")], { onFailure: ["escalate"] }));
  world.playbooks.set("q", playbook("q", [step("c", "t.next")]));
  const { playbookOf } = world.deps;
  const away = async (run: Run) => {
    if (run.ended) throw new AppError("unavailable", "the store cannot be reached");
    return playbookOf(run);
  };
  world.deps.playbookOf = away;
  const id = await world.open("p");
  await assert.rejects(world.drain(), { code: "unavailable" });
  assert.equal((await world.run(id)).ended?.state, "failed");
  assert.equal(next.calls.length, 0);
  world.deps.playbookOf = playbookOf;
  await settleIncident(world.deps, "inc-1");
  await settleIncident(world.deps, "inc-1");
  await world.pass(60_000);
  assert.equal(next.calls.length, 0);
  assert.equal((await world.timeline()).filter((line) => line.startsWith("a person is needed")).length, 1);
});

test("it keeps its playbook off the target for the cooldown of its text", async () => {
  for (const [limits, isHeld] of [
    ["{ cooldown: 1h }", true],
    ["{ cooldown: often }", false],
    ["none", false],
  ] as const) {
    const { store } = await lost(`name: p\non-failure: [escalate]\nlimits: ${limits}`);
    const markers = [cooldownMarker("p", "thing:one")];
    const [left = 0] = (await store.guardValues({ ...NO_READS, markers })).markers;
    assert.equal(left > 0, isHeld, limits);
  }
});

/** A group of two that is being undone, later one first, when its playbook is lost; what undoes fails once, and then answers so. */
async function lostGroup(then: ActionResult) {
  const world = createWorld();
  const no = { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" } as const;
  scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  scripted(world.actions, "t.no", { answer: () => no });
  const answers: ActionResult[] = [{ ...no, retryable: true }];
  scripted(world.actions, "t.back", { effect: "reversible", answer: () => answers.shift() ?? then });
  const next = scripted(world.actions, "t.next");
  const steps = ["a", "b", "c"].map((id) => step(id, id === "c" ? "t.no" : "t.set", { group: "g" }));
  world.playbooks.set("p", playbook("p", steps, { text: "name: p", onFailure: [] }));
  world.playbooks.set("q", playbook("q", [step("d", "t.next")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal(answers.length, 0);
  lose(world);
  await world.pass(60_000);
  assert.equal(next.calls.length, 0);
  const { state, reason } = (await world.run(id)).ended ?? {};
  return `${state} ${reason}`;
}

test("an undoing of a group that was under way goes on, and the end says what of it is in force still", async () => {
  const why = "its playbook cannot be read any more, so which steps belong together is not known";
  assert.equal(
    await lostGroup({ ok: true, done: true, output: {} }),
    `failed revert_failed: ${why} (undone because c: no); reverted: b; still as changed: a`,
  );
  assert.equal(
    await lostGroup({ ok: false, reason: "denied", message: "gone", retryable: false, sent: "refused" }),
    "failed revert_failed: undo/b: gone (undone because c: no); still as changed: b, a",
  );
});
