import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import { planRun } from "../../../src/flow/run/create-run.ts";
import { ALERT, playbook, step } from "../../support/engine.ts";

const INCIDENT: Incident = {
  id: "inc-1",
  key: "service=a",
  labels: { service: "a" },
  title: "a is down",
  severity: "P0",
  status: "open",
  opening: 1,
  openedAt: 1_000,
  startedAt: 1_000,
  runs: [],
  leases: [],
};

function idOf(incident: Incident, now = 2_000): string {
  const request = { incident, playbook: playbook("p", [step("a", "t.a")]), alert: ALERT, alerts: [ALERT] };
  const more = { severity: "P0", facts: {}, rung: 1, trigger: "firing", by: "stanch", now } as const;
  const plan = planRun({ ...request, ...more }, { ceiling: "auto", demoted: new Set() }, {});
  assert.ok(plan.ok);
  return plan.id;
}

test("the same opening of an incident gives the same run, whenever it is planned", () => {
  assert.equal(idOf(INCIDENT, 2_000), idOf(INCIDENT, 9_000));
  assert.notEqual(idOf(INCIDENT), idOf({ ...INCIDENT, opening: 2 }));
});

test("the first incident of another Redis is no replay of this one's to the targets that keep the id", () => {
  assert.notEqual(idOf(INCIDENT), idOf({ ...INCIDENT, openedAt: 5_000 }));
});
