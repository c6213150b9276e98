import assert from "node:assert/strict";
import { it } from "node:test";
import { z } from "zod";
import type { AnyAction } from "../../../src/core/action.ts";
import { parsePlaybook } from "../../../src/core/playbook/parse.ts";
import { manualIncident } from "../../../src/flow/decide/start.ts";
import { type PlanDeps, planBody, previewRun } from "../../../src/flow/desk/plan.ts";
import { createAlertmanager } from "../../../src/sources/alertmanager.ts";
import { scripted } from "../../support/scripted.ts";

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

const SCALED = `name: p
match: ['alertname = "X"']
target: thing:one
steps:
  - { id: count, uses: t.count, with: {} }
  - id: scale
    name: Scale it
    if: steps.count.output.value > 0
    uses: t.scale
    with: { to: 'thing:one', desired: '\${{ steps.count.output.value }}' }
BOUNDS
  - id: pick
    switch:
      - when: steps.count.output.value > 1
        steps:
          - id: inner
            uses: t.scale
            with: { to: 'thing:one', desired: '\${{ steps.count.output.value }}' }
            bounded-by: { desired: { min: 1, max: 4 } }
`;

it("a plan shows the bounds of what is not known yet, where an approval would cover it", async () => {
  const actions = new Map<string, AnyAction>();
  const count = z.object({ value: z.number() });
  scripted(actions, "t.count", { effect: "read", input: z.strictObject({}), output: count });
  const input = z.strictObject({ to: z.string(), desired: z.number() });
  scripted(actions, "t.scale", { input: input as unknown as AnyAction["input"], targets: ({ to }) => [String(to)] });
  const deps: PlanDeps = {
    parse: () => assert.fail("nothing is parsed"),
    assess: () => assert.fail("nothing is assessed"),
    autonomyLimits: async () => ({ ceiling: "auto", demoted: new Set() }),
    actions,
    connections: { find: () => assert.fail("no connection is needed") },
  };
  const rows = async (bounds: string) => {
    const playbook = parsePlaybook(SCALED.replace("BOUNDS", bounds), "p.yaml", { actions, facts: [] });
    const incident = manualIncident("inc-1", { by: "anna", playbook, now: 0 });
    const [run] = (await previewRun(deps, playbook, {}, { incident, now: 0 })).runs;
    return run?.steps.filter(({ uses }) => uses === "t.scale") ?? [];
  };
  const note = "if steps.count.output.value > 0: not known before it runs";
  const [scale, inner] = await rows("    bounded-by: { desired: { min: 1, max: 4 } }");
  assert.deepEqual(scale, {
    path: "scale",
    uses: "t.scale",
    effect: "disruptive",
    describe: "Scale it (desired: pending, 1 to 4)",
    input: { to: "thing:one", desired: "pending, 1 to 4" },
    bounds: { desired: { min: 1, max: 4 } },
    note,
  });
  assert.equal(inner?.bounds, undefined, "an approval would not cover what may not come at all");
  const [open] = await rows("");
  assert.deepEqual(open, { path: "scale", uses: "t.scale", describe: "Scale it", note });
});
