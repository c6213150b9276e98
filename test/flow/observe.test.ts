import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { composeReport } from "../../src/flow/report/report.ts";
import { type House, MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const CHANGE = "{ id: change, uses: test.change, with: { to: 'thing:litellm' } }";

function playbook(steps: string, more = "autonomy: { P1: observe }"): string {
  return `name: looks
match: ['alertname = "Down"']
target: 'thing:litellm'
${more}
steps:
${steps}
`;
}

async function fired(...texts: readonly string[]): Promise<House> {
  const house = await openHouse(configText(ACTS), texts);
  const alert = alertOf(ACTS);
  await house.send(bodyOf(house, { ...alert, labels: { ...alert.labels, severity: "critical" } }));
  await house.pass(MINUTE);
  return house;
}

async function skipped(house: House): Promise<Readonly<Record<string, string | undefined>>> {
  const [run] = await house.runs();
  assert.ok(run);
  return Object.fromEntries([...run.steps].map(([path, { outcome, reason }]) => [path, reason ?? outcome]));
}

const PENDING = /^observe: pending: it needs what is known only after the changes before it/;

describe("what an observed change would have given is not known", () => {
  for (const [what, step, path] of [
    [
      "an input",
      `{ id: next, uses: test.change, with: { to: 'thing:litellm', value: '$\{{ steps.change.output.former }}' } }`,
      "next",
    ],
    [
      "a condition on its output",
      "{ id: next, if: steps.change.output.former > 0.0, uses: test.change, with: { to: 'thing:litellm' } }",
      "next",
    ],
    [
      "a condition on its outcome",
      `{ id: next, if: steps.change.outcome == "succeeded", uses: test.change, with: { to: 'thing:litellm' } }`,
      "next",
    ],
    ["a reading", "{ id: next, if: steps.change.output.former > 0.0, uses: test.measure, with: {} }", "next"],
    [
      "a case",
      `\n      id: next\n      switch: [{ when: steps.change.output.former > 0.0, steps: [${CHANGE.replace("change,", "inner,")}] }]`,
      "next",
    ],
    [
      "the items of rounds",
      `{ id: next, for-each: '$\{{ [steps.change.output.former] }}', as: x, steps: [{ id: inner, uses: test.measure, with: {} }] }`,
      "next",
    ],
  ] as const) {
    test(`${what} that needs it is pending, and the plan goes on to its end`, async () => {
      const after = "{ id: after, uses: test.change, with: { to: 'thing:litellm' } }";
      const house = await fired(playbook(`  - ${CHANGE}\n  - ${step}\n  - ${after}`));
      const [run] = await house.runs();
      assert.equal(run?.ended?.state, "observed", run?.ended?.reason);
      const reasons = await skipped(house);
      assert.match(reasons[path] ?? "", PENDING);
      assert.equal(reasons["after"], "observe: it would change thing:litellm");
      assert.equal(house.calls.length, 0);
    });
  }

  test("what a pending block would have given is pending too", async () => {
    const block = `{ id: block, if: steps.change.output.former > 0.0, switch: [{ when: 'true', steps: [${CHANGE.replace("change,", "inner,")}] }] }`;
    const next = `{ id: next, uses: test.change, with: { to: 'thing:litellm', value: '$\{{ steps.inner.output.former }}' } }`;
    const house = await fired(playbook(`  - ${CHANGE}\n  - ${block}\n  - ${next}`));
    const [run] = await house.runs();
    assert.equal(run?.ended?.state, "observed", run?.ended?.reason);
    assert.match((await skipped(house))["next"] ?? "", PENDING);
  });

  test("what a run that acts could not know either fails the plan as it would fail the run", async () => {
    const step = `{ id: next, uses: test.change, with: { to: 'thing:litellm', value: '$\{{ facts.load }}' } }`;
    const house = await openHouse(configText(ACTS), [playbook(`  - ${CHANGE}\n  - ${step}`)]);
    const { value: _, ...alert } = alertOf(ACTS);
    await house.send(bodyOf(house, { ...alert, labels: { ...alert.labels, severity: "critical" } }));
    await house.pass(MINUTE);
    const [run] = await house.runs();
    assert.equal(run?.ended?.state, "failed");
  });
});

describe("in hindsight an observed plan can be judged", () => {
  async function ends(house: House): Promise<readonly string[]> {
    const alert = alertOf(ACTS);
    const labels = { ...alert.labels, severity: "critical" };
    await house.send(bodyOf(house, { ...alert, labels, status: "resolved" }));
    await house.pass(MINUTE);
    return (await house.said("inc-1")).filter((text) => text.startsWith("looks only observed"));
  }

  test("an incident that ended by itself says so, and after how long; the report has it with the run", async () => {
    const house = await fired(playbook(`  - ${CHANGE}`));
    await house.pass(11 * MINUTE);
    const line = "it recovered by itself 12m after the plan, before anybody acted through stanch";
    assert.deepEqual(await ends(house), [`looks only observed thing:litellm: ${line}`]);
    assert.match((await composeReport(house.store, "inc-1")) ?? "", /in hindsight: .*recovered by itself 12m after/);
  });

  test("what another playbook changed meanwhile is told", async () => {
    const acts = playbook(`  - ${CHANGE}`, "priority: -1\nautonomy: { P1: auto }").replace("looks", "acts");
    const house = await fired(playbook(`  - ${CHANGE}`), acts);
    const line = "it did not recover until 1m after the plan, after acts had changed thing:litellm";
    assert.deepEqual(await ends(house), [`looks only observed thing:litellm: ${line}`]);
  });

  test("so is what a person started by hand, unless nobody agreed to it", async () => {
    const byHand = playbook(`  - ${CHANGE}`, "on: manual").replace("looks", "by-hand");
    for (const verb of ["approve", "reject"] as const) {
      const house = await fired(playbook(`  - ${CHANGE}`), byHand);
      const started = await house.decide({ verb: "run", playbook: "by-hand", incident: "inc-1", vars: {} });
      assert.ok(started.ok, started.sentence);
      const [approval = ""] = await house.pending();
      assert.ok((await house.decide({ verb, approval })).ok);
      await house.pass(MINUTE);
      const after = "after by-hand had changed thing:litellm (started by anna)";
      const told = {
        approve: `it did not recover until 2m after the plan, ${after}`,
        reject: "it recovered by itself 2m after the plan, before anybody acted through stanch",
      };
      assert.deepEqual(await ends(house), [`looks only observed thing:litellm: ${told[verb]}`]);
    }
  });

  test("so is a person who took it, and one who closed it", async () => {
    const taken = await fired(playbook(`  - ${CHANGE}`));
    await taken.decide({ verb: "take", incident: "inc-1" });
    assert.match((await ends(taken)).join(), /did not recover until 1m after the plan, after anna .*had taken it/);
    const closed = await fired(playbook(`  - ${CHANGE}`));
    await closed.decide({ verb: "close", incident: "inc-1", reason: "false alarm" });
    assert.match(
      (await ends(closed)).join(),
      /^looks only observed thing:litellm: anna .*closed the incident 1m after the plan, before anybody acted through stanch; its alerts had not ended$/,
    );
  });
});
