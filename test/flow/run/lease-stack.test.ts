import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { constant, playbook, step, type World } from "../../support/engine.ts";
import { actOnLease, calmField, type LeaseAct, leased, leasesOf } from "../../support/field-world.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

test("an older lease hands its value to the next younger one, not to any younger one", async () => {
  const { world, field, written } = calmField();
  for (const [index, [value, hours]] of (
    [
      ["A", 1],
      ["B", 3],
      ["C", 2],
    ] as const
  ).entries()) {
    world.playbooks.set(value, playbook(value, [leased(value, hours)]));
    await world.open(value, { id: `inc-${index + 1}`, key: `service=${value}` });
    await world.pass(MINUTE);
  }
  await world.pass(2 * HOUR);
  assert.equal(field.value, "B");
  await world.pass(HOUR);
  assert.deepEqual(written, ["A", "B", "C", "B", "off"]);
});

test("leases are on one field also where one step names the only connection and the other leaves it out", async () => {
  const { world, field, written } = calmField();
  const set = world.actions.get("t.set");
  assert.ok(set);
  const revert: typeof set.revert = ({ connection }, { former, value }) => {
    const named = connection === undefined ? {} : { connection };
    return { uses: "t.set", with: { ...named, name: "F", value: former, expected: value } };
  };
  world.actions.set("t.set", { ...set, revert });
  const spelled = { ...leased("B", 3), with: constant({ connection: "main", name: "F", value: "B" }) };
  world.playbooks.set("short", playbook("short", [leased("A", 1)]));
  world.playbooks.set("spelled", playbook("spelled", [spelled]));
  await world.open("short");
  await world.pass(MINUTE);
  await world.open("spelled", { id: "inc-2", key: "service=spelled" });
  await world.pass(4 * HOUR);
  assert.deepEqual([field.value, written], ["off", ["A", "B", "off"]]);
  assert.deepEqual(
    (await leasesOf(world)).map(({ status }) => status),
    ["superseded", "reverted"],
  );
});

test("what a person has set between two leases is restored by the younger one, whichever ends first", async () => {
  for (const [first, second] of [
    [1, 3],
    [3, 1],
  ] as const) {
    const { world, field } = calmField();
    world.playbooks.set("one", playbook("one", [leased("A", first)]));
    world.playbooks.set("two", playbook("two", [leased("B", second)]));
    await world.open("one");
    await world.pass(MINUTE);
    field.value = "by hand";
    await world.open("two", { id: "inc-2", key: "service=two" });
    await world.pass(4 * HOUR);
    assert.equal(field.value, "by hand");
  }
});

test("the leases of several rounds end as one: the field is as it was before the first round", async () => {
  const { world, field } = calmField();
  const rounds = {
    kind: "for-each" as const,
    id: "rounds",
    as: "share",
    items: constant(["10", "25", "50"]),
    steps: [
      step("set", "t.set", {
        with: {
          text: "",
          reads: [],
          render: ({ item }) => ({ known: true, value: { name: "F", value: item?.["share"] } }),
        },
        lease: { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" } },
      }),
    ],
  };
  world.playbooks.set("p", playbook("p", [rounds]));
  await world.open("p");
  await world.pass(MINUTE);
  assert.equal(field.value, "50");
  await world.pass(2 * HOUR);
  assert.equal(field.value, "off");
});

test("an older lease that waits for the lock of a run with a younger one hands its value over when it gets it", async () => {
  const { world, field } = calmField();
  world.playbooks.set("old", playbook("old", [leased("on", 1)]));
  const wait = { kind: "wait" as const, id: "w", for: 3 * MINUTE };
  world.playbooks.set("young", playbook("young", [step("first", "t.other"), wait, leased("full", 3)]));
  const set = world.actions.get("t.set");
  assert.ok(set);
  world.actions.set("t.other", { ...set, name: "t.other", run: async () => ({ ok: true, done: true, output: {} }) });
  await world.open("old");
  await world.pass(HOUR - MINUTE);
  await world.open("young", { id: "inc-2", key: "service=b" });
  await world.pass(2 * MINUTE);
  assert.equal((await leasesOf(world))[0]?.status, "reverting");
  await world.pass(5 * MINUTE);
  assert.deepEqual(
    [field.value, (await leasesOf(world)).map(({ status }) => status)],
    ["full", ["superseded", "active"]],
  );
  await world.pass(4 * HOUR);
  assert.equal(field.value, "off");
});

test("a lease of a worker whose claim was slow to reach the store is still the older one", async () => {
  const { world, field, written } = calmField();
  const { store } = world;
  let ahead = 0;
  world.deps.monotonic = () => world.clock.now() + ahead;
  world.deps.store = {
    ...store,
    claim(run, forMs) {
      ahead += 3_000;
      return store.claim(run, forMs);
    },
  };
  world.playbooks.set("old", playbook("old", [leased("on", 1)]));
  world.playbooks.set("young", playbook("young", [leased("full", 3)]));
  await world.open("old");
  await world.drain();
  world.deps.store = store;
  await world.pass(5);
  await world.open("young", { id: "inc-2", key: "service=b" });
  await world.drain();
  await world.pass(2 * HOUR);
  assert.equal(field.value, "full");
  await world.pass(2 * HOUR);
  assert.deepEqual([field.value, written], ["off", ["on", "full", "off"]]);
});

type Act = { kind: "open"; minutes: number } | LeaseAct | { kind: "pass"; minutes: number };

const MINUTES = fc.integer({ min: 1, max: 60 });
const ACT: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("open" as const), minutes: MINUTES }), weight: 3 },
  fc.record({ kind: fc.constantFrom("extend" as const, "revert" as const), of: fc.nat({ max: 5 }), minutes: MINUTES }),
  fc.record({ kind: fc.constant("pass" as const), minutes: MINUTES }),
);

async function perform(world: World, act: Act, nth: number): Promise<void> {
  if (act.kind === "pass") return world.pass(act.minutes * MINUTE);
  if (act.kind === "open") {
    world.playbooks.set(`p${nth}`, playbook(`p${nth}`, [leased(`v${nth}`, act.minutes / 60)]));
    await world.open(`p${nth}`, { id: `inc-${nth + 1}`, key: `service=${nth}` });
    return world.drain();
  }
  return actOnLease(world, act);
}

test("whatever ends first: a field has the youngest active lease's value, and its own when none is left", async () => {
  const property = fc.asyncProperty(fc.array(ACT, { minLength: 2, maxLength: 12 }), async (acts) => {
    const { world, field } = calmField();
    for (const [nth, act] of acts.entries()) {
      await perform(world, act, nth);
      await world.pass(15_000);
      const live = (await leasesOf(world)).filter(({ status }) => status === "active");
      const nths = live.map(({ playbook }) => playbook.slice(1));
      assert.equal(field.value, nths.length === 0 ? "off" : `v${nths.at(-1)}`);
    }
    await world.pass(13 * HOUR);
    const ended = (await leasesOf(world)).map(({ status }) => status);
    assert.deepEqual([field.value, ended.filter((one) => one !== "reverted" && one !== "superseded")], ["off", []]);
  });
  await fc.assert(property, { numRuns: 25 });
});
