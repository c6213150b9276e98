import assert from "node:assert/strict";
import { it } from "node:test";
import { type PlanDeps, planBody } from "../../../src/flow/desk/plan.ts";
import { createAlertmanager } from "../../../src/sources/alertmanager.ts";

it("a plan says which alerts of the body would be left out", async () => {
  const source = createAlertmanager({ kind: "none" }, { now: () => 0 });
  const deps: PlanDeps = {
    parse: (_source, body) => source.parse(body),
    assess: async () => ({ alerts: [], runs: [], remarks: ["nothing matches"], now: 0 }),
    autonomyLimits: async () => ({ ceiling: "auto", demoted: new Set() }),
    actions: new Map(),
    connections: { find: () => assert.fail("no connection is needed") },
  };
  const good = { status: "firing", labels: { alertname: "Down" } };
  const plan = (alerts: readonly unknown[]) => planBody(deps, "alertmanager", JSON.stringify({ alerts }));
  assert.deepEqual((await plan([good])).remarks, ["nothing matches"]);
  assert.deepEqual((await plan([good, 7, { ...good, status: "no" }])).remarks, [
    "2 alerts cannot be read and would be left out: alerts[1]: expected an object; alerts[2].status: expected firing or resolved",
    "nothing matches",
  ]);
});
