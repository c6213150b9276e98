import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type House, MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const HEAD = `match: ['alertname = "Down"']
target: 'thing:litellm'
autonomy: { P1: auto }
`;
const acts = `name: acts
${HEAD}steps: [{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
`;
const eachOfNone = (more = "") => `name: none
priority: 90
${HEAD}steps:
  - id: each
    for-each: '\${{ [] }}'
    as: one
    steps: [{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
${more}`;
const looks = (more = "") => `name: looks
priority: 90
${HEAD}steps: [{ id: look, uses: test.measure }]
${more}`;
const HOLDS =
  "verify: { checks: [{ uses: test.measure, expect: 'value > 0.0' }], every: 10s, hold: 10s, within: 2m }\n";

async function fired(...playbooks: readonly string[]): Promise<House> {
  const house = await openHouse(configText(ACTS), playbooks);
  await house.send(bodyOf(house, alertOf(ACTS)));
  await house.pass(3 * MINUTE);
  return house;
}

async function runsOf(house: House): Promise<readonly string[]> {
  const runs = await house.runs();
  return runs.map(({ created, ended }) => `${created.playbook} ${ended?.state ?? "under way"}`);
}

async function called(house: House): Promise<readonly string[]> {
  return (await house.said("inc-1")).filter((text) => text.startsWith("a person is needed"));
}

describe("a run that has done all its steps, changed nothing and measured no recovery", () => {
  for (const [what, text] of [
    ["a for-each over nothing", eachOfNone()],
    ["steps that only read", looks()],
  ] as const) {
    test(`${what}: the next playbook follows`, async () => {
      const house = await fired(text, acts);
      assert.equal(house.calls.length, 1);
      assert.deepEqual((await runsOf(house)).toSorted()[0], "acts succeeded");
      assert.deepEqual(await called(house), []);
    });

    test(`${what}: a person is called, once, where no playbook is left`, async () => {
      const house = await fired(text);
      assert.equal((await runsOf(house)).length, 1);
      assert.equal((await called(house)).length, 1);
      assert.match((await called(house))[0] ?? "", /no playbook is left for thing:litellm after (none|looks)/);
    });
  }

  test("a measured recovery counts, whoever has brought it about", async () => {
    const house = await fired(looks(HOLDS), acts);
    assert.deepEqual(await runsOf(house), ["looks succeeded"]);
    assert.deepEqual(await called(house), []);
  });

  test("a person's look at a target whose playbook has acted starts nothing there", async () => {
    const house = await fired(
      acts,
      looks("on: manual\n").replace("priority: 90", "priority: 1"),
      acts.replace("acts", "more"),
    );
    assert.deepEqual(await runsOf(house), ["acts succeeded"]);
    await house.decide({ verb: "run", playbook: "looks", vars: {}, incident: "inc-1" });
    await house.pass(3 * MINUTE);
    for (const approval of await house.pending()) await house.decide({ verb: "approve", approval });
    await house.pass(3 * MINUTE);
    assert.deepEqual(await runsOf(house), ["acts succeeded", "looks succeeded"]);
    assert.deepEqual(await called(house), []);
  });
});
