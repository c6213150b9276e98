import assert from "node:assert/strict";
import { test } from "node:test";
import type { Run } from "../../src/core/run/run.ts";
import { openHouse } from "./control/house.ts";
import { ACTS, configText, playbookText } from "./control/situation.ts";

const ALERTS = 1_000;
const BUDGET = 20;

/** A body of Alertmanager with a hundred alerts of as many services. */
function body(from: number, at: number): object {
  const alerts = Array.from({ length: 100 }, (_, n) => ({
    status: "firing",
    labels: { alertname: "Down", service: `service-${from + n}`, severity: "critical", env: "prod" },
    annotations: { value: "0.9" },
    startsAt: new Date(at).toISOString(),
    endsAt: "0001-01-01T00:00:00Z",
  }));
  return { version: "4", groupKey: `g${from}`, truncatedAlerts: 0, status: "firing", alerts };
}

test("a storm of 1,000 alerts with a global budget of 20: 20 runs act, and each other one says why not", async () => {
  const own = `'thing:\${{ alert.labels.service }}'`;
  const at = { ...ACTS, budget: `[{ runs: ${BUDGET}, per: 1h }]`, concurrent: 1_000, target: own, to: own };
  const house = await openHouse(`${configText(at).replace("fleet-min: 10", "fleet-min: 100000")}`, [playbookText(at)]);
  for (let from = 0; from < ALERTS; from += 100) await house.send(body(from, house.clock.at));
  const runs = await house.runs();
  assert.equal(runs.length, ALERTS, "an alert was lost");
  assert.equal(house.calls.length, BUDGET);
  assert.equal(new Set(house.calls.flatMap((call) => call.to)).size, BUDGET, "each acts on a target of its own");
  assert.equal(runs.filter((run) => run.ended?.state === "succeeded").length, BUDGET);
  const others = runs.filter((run) => run.ended?.state !== "succeeded");
  for (const run of others) assert.deepEqual(endOf(run), DENIED);
  for (const run of others) {
    const said = await house.said(run.created.incidentId ?? "");
    assert.ok(
      said.some((line) => line.includes(DENIED.reason)),
      `${run.created.incidentId} does not say why`,
    );
  }
});

const DENIED = { state: "cancelled", reason: "denied.budget: the global budget of 20 per 1h is used up" };

function endOf({ ended }: Run): object {
  return { state: ended?.state, reason: ended?.reason };
}
