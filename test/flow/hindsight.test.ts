import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../src/core/incident.ts";
import type { Run } from "../../src/core/run/run.ts";
import { hindsightLines } from "../../src/flow/hindsight.ts";

const MINUTE = 60_000;
const SEEN = 100 * MINUTE;

type Some = { playbook?: string; opening?: number; trigger?: string; state?: string; step?: object };

function runOf({ playbook = "p", opening = 2, trigger = "firing", state = "observed", step }: Some = {}): Run {
  const created = { id: `run-${playbook}`, at: SEEN, playbook, target: "thing:one", opening, trigger, by: "anna" };
  return {
    created,
    ended: { at: SEEN, state, reason: "" },
    steps: new Map(step ? [["a", { path: "a", ...step }]] : []),
  } as unknown as Run;
}

function told(runs: readonly Run[], more: Partial<Incident> = {}): readonly string[] {
  const incident = { id: "inc-1", opening: 2, openedAt: 0, reopenedAt: 90 * MINUTE, ...more } as Incident;
  return hindsightLines(incident, runs, { now: SEEN + 5 * MINUTE }).map(({ text }) => text.split(": ")[1] ?? "");
}

const BY_ITSELF = "it recovered by itself 5m after the plan, before anybody acted through stanch";
const after = (what: string) => `it did not recover until 5m after the plan, after ${what}`;
const acted = (playbook: string, more: Some = {}) =>
  runOf({ playbook, state: "failed", step: { effect: "disruptive", state: "intent" }, ...more });

test("only what this opening has observed of itself is judged, ten plans at most", () => {
  assert.deepEqual(told([runOf()]), [BY_ITSELF]);
  for (const other of [{ opening: 1 }, { trigger: "recovered" }, { state: "succeeded" }])
    assert.deepEqual(told([runOf(other)]), []);
  assert.equal(told(Array.from({ length: 12 }, (_, nth) => runOf({ playbook: `p${nth}` }))).length, 10);
});

test("what may have changed anything is told, also a call whose outcome nobody knows; a refused one and a read have not", () => {
  assert.deepEqual(told([runOf(), acted("q")]), [after("q had changed thing:one")]);
  for (const step of [
    { effect: "read", state: "intent" },
    { effect: "disruptive", state: "done", outcome: "failed" },
  ])
    assert.deepEqual(told([runOf(), acted("q", { step })]), [BY_ITSELF]);
  assert.deepEqual(told([runOf(), acted("q", { opening: 1 })]), [BY_ITSELF]);
});

test("three acts are named, and how many more there were", () => {
  const names = ["q1", "q2", "q3", "q4", "q5"];
  const three = names.slice(0, 3).map((name) => `${name} had changed thing:one`);
  assert.deepEqual(told([runOf(), ...names.map((name) => acted(name))]), [after(`${three.join(" and ")} and 2 more`)]);
});

test("who took or acknowledged it counts, unless that was in a former opening", () => {
  const taken = (at: number) => ({ taken: { by: "anna", at: at * MINUTE } });
  const acknowledged = (at: number) => ({ acknowledged: { by: "ben", at: at * MINUTE, until: SEEN } });
  assert.deepEqual(told([runOf()], taken(95)), [after("anna had taken it")]);
  assert.deepEqual(told([runOf()], acknowledged(95)), [after("ben had acknowledged it")]);
  assert.deepEqual(told([runOf()], { ...taken(80), ...acknowledged(80) }), [BY_ITSELF]);
});
