import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type House, MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const eachItem = `name: each
match: ['alertname = "Down"']
target: 'thing:litellm'
autonomy: { P1: auto }
steps:
  - id: all
    for-each: '\${{ alert.annotations.items.split(",") }}'
    as: one
    steps: [{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
`;
const whole = `name: whole
match: ['alertname = "Down"']
target: 'thing:litellm'
autonomy: { P1: auto }
steps:
  - { id: change, uses: test.change, if: '!alert.annotations.items.endsWith("last")', with: { to: '\${{ target }}' } }
`;

/** A list with so many characters, in items that each have a thousand of them. */
async function firedWith(length: number, playbook: string): Promise<House> {
  const house = await openHouse(configText(ACTS), [playbook]);
  const items = `${`${"x".repeat(999)},`.repeat(100).slice(0, length - 5)},last`;
  const { alerts, ...group } = bodyOf(house, alertOf(ACTS)) as { alerts: readonly object[] };
  await house.send({ ...group, alerts: alerts.map((alert) => ({ ...alert, annotations: { items } })) });
  await house.pass(3 * MINUTE);
  return house;
}

async function endOf(house: House): Promise<string | undefined> {
  const [run] = await house.runs();
  return run?.ended && `${run.ended.state} ${run.ended.reason}`;
}

describe("an annotation that was cut when it came in", () => {
  for (const [what, playbook] of [
    ["is not taken for the whole list of rounds", eachItem],
    ["decides no condition of a change", whole],
  ] as const) {
    test(what, async () => {
      const house = await firedWith(20_000, playbook);
      assert.equal(house.calls.length, 0);
      assert.match((await endOf(house)) ?? "", /^failed .*alert\.annotations\.items is unknown/);
    });
  }

  test("the longest that is kept is acted on, to its last item", async () => {
    const house = await firedWith(16_384, eachItem);
    assert.equal(house.calls.length, 18);
    assert.match((await endOf(house)) ?? "", /^succeeded/);
  });
});
