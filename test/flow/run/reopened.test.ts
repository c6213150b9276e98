import assert from "node:assert/strict";
import { test } from "node:test";
import { type House, MINUTE, openHouse } from "../control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "../control/situation.ts";

const STEP = `{ id: set, uses: test.change, with: { to: '\${{ target }}' } }`;
const ROUNDS = `{ id: r, for-each: ['10', '25', '50', '100'], as: share, wait: 10m, steps: [${STEP}] }`;

function restore(steps: string, onFailure: string): string {
  return [
    "name: restore",
    `match: ['alertname = "Down"']`,
    "target: 'thing:litellm'",
    "autonomy: { P1: auto }",
    "on: recovered",
    `on-failure: ${onFailure}`,
    `steps: [${steps}]`,
  ].join("\n");
}

async function send(house: House, status: "firing" | "resolved"): Promise<void> {
  await house.send(bodyOf(house, alertOf({ ...ACTS, status })));
}

/** A restoration that is under way for as long as this, and then its incident fires again. */
async function refired(steps: string, onFailure: string, after: number): Promise<House> {
  const house = await openHouse(configText(ACTS), [restore(steps, onFailure)]);
  await send(house, "firing");
  await house.pass(2 * MINUTE);
  await send(house, "resolved");
  await house.pass(after);
  await send(house, "firing");
  await house.pass(60 * MINUTE);
  return house;
}

test("a restoration begins no further round when its incident fires again, and goes back one round where on-failure says so", async () => {
  for (const [onFailure, undone] of [
    ["[revert, escalate]", ["undo/r/1/set"]],
    ["[escalate]", []],
  ] as const) {
    const house = await refired(ROUNDS, onFailure, 12 * MINUTE);
    const [run] = await house.runs();
    const done = [...(run?.steps.keys() ?? [])];
    assert.deepEqual(done, ["r/0/set", "r/1/set", ...undone]);
    assert.equal(run?.ended?.state, "cancelled");
    assert.match(run.ended.reason, /^incident_reopened/);
    assert.deepEqual(await house.store.locks(["thing:litellm"]), {});
  }
});

test("a restoration that has changed nothing yet is cancelled without a change when its incident fires again", async () => {
  const house = await refired(`{ id: pause, wait: 30m }, ${STEP}`, "[revert, escalate]", 5 * MINUTE);
  const [run] = await house.runs();
  assert.deepEqual([run?.ended?.state, house.calls.length], ["cancelled", 0]);
});

test("a restoration goes on while nothing fires", async () => {
  const house = await openHouse(configText(ACTS), [restore(ROUNDS, "[revert]")]);
  await send(house, "firing");
  await house.pass(2 * MINUTE);
  await send(house, "resolved");
  await house.pass(60 * MINUTE);
  assert.deepEqual([(await house.runs())[0]?.ended?.state, house.calls.length], ["succeeded", 4]);
});

test("a new incident of the same alerts stops a restoration of the old one too", async () => {
  const house = await refired(ROUNDS.replace("10m", "50m"), "[escalate]", 45 * MINUTE);
  const [run] = await house.runs();
  assert.equal((await house.store.page("incidents:open", { limit: 5 })).members[0], "inc-2");
  assert.match(run?.ended?.reason ?? "", /^incident_reopened/);
  assert.equal(house.calls.length, 1);
});

test("a restoration that waits or measures gives way within a minute, so that what acts need not wait for its lock", async () => {
  const later = ROUNDS.replace("10m", "5s");
  for (const [steps, undone] of [
    [ROUNDS, ["undo/r/1/set"]],
    [`${later}, { id: pause, wait: 40m }`, ["undo/r/3/set", "undo/r/2/set", "undo/r/1/set", "undo/r/0/set"]],
  ] as const) {
    const house = await openHouse(configText(ACTS), [restore(steps, "[revert, escalate]")]);
    await send(house, "firing");
    await house.pass(2 * MINUTE);
    await send(house, "resolved");
    await house.pass(12 * MINUTE);
    await send(house, "firing");
    await house.pass(MINUTE);
    const [run] = await house.runs();
    assert.match(run?.ended?.reason ?? "", /^incident_reopened/);
    assert.deepEqual(
      [...(run?.steps.keys() ?? [])].filter((path) => path.startsWith("undo/")),
      undone,
    );
    assert.deepEqual(await house.store.locks(["thing:litellm"]), {});
  }
});

test("a restoration that was agreed to changes nothing once its incident fires again", async () => {
  for (const isFiring of [true, false]) {
    const asks = restore(STEP, "[escalate]").replace("P1: auto", "P1: approve");
    const house = await openHouse(configText(ACTS), [asks]);
    await send(house, "firing");
    await house.pass(MINUTE);
    await send(house, "resolved");
    await house.pass(MINUTE);
    const [approval = ""] = await house.pending();
    if (isFiring) await send(house, "firing");
    assert.equal((await house.decide({ verb: "approve", approval })).ok, true);
    await house.pass(MINUTE);
    const [run] = await house.runs();
    assert.equal(house.calls.length, isFiring ? 0 : 1);
    assert.match(
      run?.ended?.reason ?? "",
      isFiring ? /^incident_reopened: the incident fires again/ : /^all steps done/,
    );
  }
});
