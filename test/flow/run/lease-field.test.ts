import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { constant, playbook, type World } from "../../support/engine.ts";
import { actOnLease, calmField, type LeaseAct, leased, leasesOf } from "../../support/field-world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Act =
  | { kind: "open"; minutes: number; value: number; named: boolean }
  | LeaseAct
  | { kind: "pass"; minutes: number }
  | { kind: "nobody works"; minutes: number }
  | { kind: "person" };

const minutes = fc.integer({ min: 1, max: 60 });
const ACT: fc.Arbitrary<Act> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant("open" as const),
      minutes,
      value: fc.nat({ max: 2 }),
      named: fc.boolean(),
    }),
    weight: 4,
  },
  fc.record({ kind: fc.constantFrom("extend" as const, "revert" as const), of: fc.nat({ max: 6 }), minutes }),
  fc.record({ kind: fc.constant("pass" as const), minutes }),
  fc.record({ kind: fc.constant("nobody works" as const), minutes }),
  fc.record({ kind: fc.constant("person" as const) }),
);

/** The field of `calmField`, whose step may name its connection and changes nothing where its value is there already. */
function realField() {
  const house = calmField();
  const set = house.world.actions.get("t.set");
  assert.ok(set);
  const revert: typeof set.revert = ({ connection }, { former, value }) => {
    if (former === value) return undefined;
    const named = connection === undefined ? {} : { connection };
    return { uses: "t.set", with: { ...named, name: "F", value: former, expected: value } };
  };
  house.world.actions.set("t.set", { ...set, revert });
  return house;
}

async function perform(world: World, act: Exclude<Act, { kind: "person" }>, nth: number): Promise<void> {
  if (act.kind === "pass") return world.pass(act.minutes * MINUTE);
  if (act.kind === "nobody works") return world.leap(act.minutes * MINUTE);
  if (act.kind === "open") {
    const connection = act.named ? { connection: "main" } : {};
    const step = leased("", act.minutes / 60);
    const set = { ...step, with: constant({ ...connection, name: "F", value: `v${act.value}` }) };
    world.playbooks.set(`p${nth}`, playbook(`p${nth}`, [set]));
    await world.open(`p${nth}`, { id: `inc-${nth + 1}`, key: `service=${nth}` });
    return world.drain();
  }
  return actOnLease(world, act);
}

test("when all leases are over, a field has what a person set there last, else what it was before the first", async () => {
  const property = fc.asyncProperty(fc.array(ACT, { minLength: 2, maxLength: 14 }), async (acts) => {
    const { world, field } = realField();
    let last = field.value;
    for (const [nth, act] of acts.entries()) {
      if (act.kind === "person") field.value = last = `by hand ${nth}`;
      else await perform(world, act, nth);
      await world.pass(20_000);
    }
    await world.pass(15 * HOUR);
    const over = last === "off" ? ["reverted", "superseded"] : ["reverted", "superseded", "failed"];
    const statuses = (await leasesOf(world)).map(({ status }) => status);
    assert.deepEqual([field.value, statuses.filter((status) => !over.includes(status))], [last, []]);
  });
  await fc.assert(property, { numRuns: 25 });
});
