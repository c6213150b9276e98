import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { admit } from "../../../src/core/guard/admit.ts";
import type { GuardSnapshot } from "../../../src/core/guard/snapshot.ts";

const MINUTE = 60_000;

/** A step that every guard allows. */
const ALLOWED: GuardSnapshot = {
  now: 1_000,
  effect: "disruptive",
  autonomy: "auto",
  undo: false,
  completing: false,
  targets: ["thing:one"],
  declared: ["thing:one"],
  maxTargets: 2,
  reserved: false,
  runId: "run-1",
  pauses: [],
  scopes: ["global"],
  freeze: [],
  locks: {},
  cooldown: 0,
  budgets: [{ name: "global", window: { runs: 2, per: 60 * MINUTE }, spent: 0 }],
  running: { count: 0, limit: 2 },
  fleet: { alerting: 1, known: 1, fraction: 0.3, min: 10 },
  flapping: { changes: 1, limit: 4, per: 30 * MINUTE },
  firing: true,
  reopened: false,
  undoneRecently: false,
  doubtful: false,
  truncated: false,
  stepAsks: undefined,
};

function says(more: Partial<GuardSnapshot>): string {
  const admission = admit({ ...ALLOWED, ...more }, undefined);
  if (admission.kind === "allow") return "allow";
  const guards = admission.kind === "ask" ? admission.voices.map(({ guard }) => guard) : [admission.guard];
  return `${admission.kind} ${guards.join(" ")}`;
}

const PAUSED: Partial<GuardSnapshot> = { pauses: [{ scope: "global", by: "anna", reason: "", at: 0 }] };
const FROZEN: Partial<GuardSnapshot> = { freeze: [{ reason: "weekend", until: 2_000 }] };
const LOCKED: Partial<GuardSnapshot> = { locks: { "thing:one": "run-2" } };

describe("of several guards", () => {
  for (const [what, more, answer] of [
    ["a pause holds before anything is denied", { ...PAUSED, ...FROZEN }, "wait pause"],
    ["a denial beats a question", { ...FROZEN, truncated: true }, "deny freeze"],
    ["a denial beats waiting for a lock", { ...FROZEN, ...LOCKED }, "deny freeze"],
    ["a question comes before waiting for a lock", { ...LOCKED, truncated: true }, "ask truncated"],
    ["everything that asks is asked at once", { truncated: true, doubtful: true }, "ask truncated doubtful"],
  ] as const)
    test(what, () => assert.equal(says(more), answer));
});

describe("a limit is what it says", () => {
  const budget = (spent: number) => ({
    budgets: [{ name: "global", window: { runs: 2, per: 60 * MINUTE }, spent }],
  });
  const fleet = (alerting: number, known: number) => ({ fleet: { alerting, known, fraction: 0.3, min: 10 } });
  const flapping = (changes: number) => ({ flapping: { changes, limit: 4, per: 30 * MINUTE } });
  const running = (count: number) => ({ running: { count, limit: 2 } });
  const targets = (...names: readonly string[]) => ({ targets: names, declared: names });
  for (const [what, within, over, answer] of [
    ["budget", budget(1), budget(2), "deny budget"],
    ["the fleet's fraction", fleet(3, 10), fleet(4, 10), "ask fleet"],
    ["the least fleet", fleet(9, 9), fleet(10, 10), "ask fleet"],
    ["flapping", flapping(3), flapping(4), "ask flapping"],
    ["concurrency", running(1), running(2), "wait concurrency"],
    ["targets per step", targets("a", "b"), targets("a", "b", "c"), "deny blast-radius"],
    ["a blank among several targets", targets("a", "b"), targets("a", ""), "deny blast-radius"],
    ["cooldown", { cooldown: 0 }, { cooldown: 1 }, "deny cooldown"],
  ] as const)
    test(what, () => assert.deepEqual([says(within), says(over)], ["allow", answer]));
});

test("what was agreed to answers exactly the guards that were shown", () => {
  const snapshot = { ...ALLOWED, truncated: true, doubtful: true };
  assert.equal(admit(snapshot, ["truncated", "doubtful"]).kind, "allow");
  assert.equal(admit(snapshot, ["truncated"]).kind, "ask");
  assert.equal(admit({ ...snapshot, ...FROZEN }, ["truncated", "doubtful", "freeze"]).kind, "deny");
  assert.equal(admit({ ...snapshot, ...LOCKED }, ["truncated", "doubtful"]).kind, "wait");
});

describe("what undoes a step", () => {
  for (const [what, more, answer] of [
    ["is held by a pause", PAUSED, "wait pause"],
    ["waits for a lock", LOCKED, "wait lock"],
    ["names its targets", { targets: [] }, "deny blast-radius"],
    [
      "is exempt from what guards a new change",
      {
        ...FROZEN,
        autonomy: "observe",
        effect: "destructive",
        firing: false,
        reopened: true,
        cooldown: MINUTE,
        budgets: [{ name: "global", window: { runs: 1, per: MINUTE }, spent: 1 }],
        running: { count: 9, limit: 2 },
        fleet: { alerting: 10, known: 10, fraction: 0.3, min: 10 },
        flapping: { changes: 9, limit: 4, per: MINUTE },
        undoneRecently: true,
        doubtful: true,
        truncated: true,
        stepAsks: "it asks",
      },
      "allow",
    ],
  ] as const)
    test(what, () => assert.equal(says({ ...more, undo: true }), answer));
});

test("an input that cannot be read denies, and a pause that cannot be read holds", () => {
  const unreadable = { unreadable: "no answer" };
  for (const [name, answer] of [
    ["pauses", "wait pause"],
    ["freeze", "deny freeze"],
    ["firing", "deny stale"],
    ["reopened", "deny reopened"],
    ["cooldown", "deny cooldown"],
    ["budgets", "deny budget"],
    ["fleet", "deny fleet"],
    ["flapping", "deny flapping"],
    ["undoneRecently", "deny relapse"],
    ["locks", "deny lock"],
    ["running", "deny concurrency"],
  ] as const)
    assert.equal(says({ [name]: unreadable }), answer);
});
