import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Store } from "../../src/core/store.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import { constant, createWorld, playbook, scripted, step } from "../support/engine.ts";
import { MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const textOf = (name: string, match: string, more: string) => `name: ${name}
match: ['alertname = "${match}"']
target: 'thing:${match.toLowerCase()}'
steps: [{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
${more}
`;

/** Fires alerts one after the other, and waits long enough for an approval to lapse. */
async function houseAfter(texts: readonly string[], fires: readonly [alertname: string, level: string][]) {
  const house = await openHouse(configText(ACTS), texts);
  for (const [alertname, severity] of fires) {
    const alert = alertOf(ACTS);
    await house.send(bodyOf(house, { ...alert, labels: { ...alert.labels, alertname, severity } }));
  }
  await house.pass(20 * MINUTE);
  return house;
}

/** The lines for which a chat calls the default approval group, where there are no levels. */
async function callsOf({ store }: { store: Store }): Promise<readonly string[]> {
  const entries = await store.list<TimelineEntry>("timeline:inc-1");
  return entries.filter(({ kind }) => kind === "escalation").map(({ text }) => text.replace(/apr-\w+/, "APR"));
}

const LAPSED = "nobody decided APR in time; oncall (anna, ben, token robot) is needed";
const ASKS = "autonomy: { P0: approve, P1: approve }";
const ACTS_ALONE = "autonomy: { P0: auto, P1: auto }";
const fails = (within: string) =>
  `${ACTS_ALONE}\nverify: { checks: [{ uses: test.measure, expect: 'value > 100.0' }], every: 30s, hold: 30s, within: ${within} }`;

describe("where an approval lapses and nothing is left for its target, its lapse is the one call", () => {
  for (const [what, more] of [
    ["succeeded", ACTS_ALONE],
    ["under way", `${ASKS}\napproval: { expires: 2h }`],
  ] as const)
    test(`beside another target whose run is ${what}`, async () => {
      const texts = [textOf("a", "A", more), textOf("b", "B", ASKS)];
      const house = await houseAfter(texts, [
        ["A", "critical"],
        ["B", "critical"],
      ]);
      assert.deepEqual(await callsOf(house), [LAPSED]);
      const said = await house.said("inc-1");
      assert.equal(said.filter((text) => text === "no playbook is left for thing:b after b").length, 1);
    });

  test("not beside one whose run has failed at the same moment", async () => {
    const texts = [textOf("a", "A", fails("15m")), textOf("b", "B", ASKS)];
    const house = await houseAfter(texts, [
      ["A", "critical"],
      ["B", "critical"],
    ]);
    const [first, ...rest] = (await callsOf(house)).toSorted();
    assert.match(first ?? "", /^a person is needed: no playbook is left for thing:(a after a|b after b)/);
    assert.deepEqual(rest, [LAPSED]);
  });

  test("not where the severity rises after it, and nothing is left at the higher one either", async () => {
    const house = await houseAfter([textOf("a", "A", `severity: [P1]\n${ASKS}`)], [["A", "critical"]]);
    assert.deepEqual(await callsOf(house), [LAPSED]);
    const labels = { ...alertOf(ACTS).labels, alertname: "Other", severity: "disaster" };
    await house.send(bodyOf(house, { ...alertOf(ACTS), labels }));
    await house.pass(5 * MINUTE);
    assert.deepEqual(await callsOf(house), [LAPSED, "a person is needed: no playbook is left for thing:a"]);
  });

  test("not where it was one by hand, and the target's own playbook fails after it", async () => {
    const texts = [textOf("a", "A", fails("40m")), textOf("m", "M", "on: manual").replace("thing:m", "thing:a")];
    const house = await houseAfter(texts, [["A", "critical"]]);
    await house.decide({ verb: "run", playbook: "m", vars: {}, incident: "inc-1" });
    await house.pass(40 * MINUTE);
    const [lapsed, failed, ...rest] = await callsOf(house);
    assert.deepEqual([lapsed, rest], [LAPSED, []]);
    assert.match(failed ?? "", /^a person is needed: no playbook is left for thing:a after a/);
  });

  test("not where what was changed before it could not be undone", async () => {
    const world = createWorld();
    const refused = { ok: false, reason: "conflict", message: "changed by hand", retryable: false, sent: "refused" };
    scripted(world.actions, "t.set", {
      effect: "reversible",
      answer: (call) => (call === 1 ? { ok: true, done: true, output: {} } : (refused as never)),
      revert: () => ({ uses: "t.set", with: {} }),
    });
    scripted(world.actions, "t.wipe", { effect: "destructive" });
    const steps = [step("one", "t.set", { with: constant({}), group: "g" }), step("two", "t.wipe", { group: "g" })];
    world.playbooks.set("p", playbook("p", steps, { onFailure: ["revert", "escalate"] }));
    await world.open("p");
    await world.pass(20 * MINUTE);
    const why = "what p changed on thing:one could not be undone, so no other playbook is tried there";
    assert.equal((await callsOf(world)).at(-1), `a person is needed: ${why}`);
  });
});
