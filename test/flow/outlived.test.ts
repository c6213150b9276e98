import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../src/core/incident.ts";
import { type House, MINUTE, openHouse } from "./control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./control/situation.ts";

const HOLDS = "{ checks: [{ uses: test.measure, expect: 'value > 0.0' }], every: 10s, hold: 10s, within: 2m }";

function playbook(alertname: string, steps: string): string {
  return `name: ${alertname.toLowerCase()}
match: ['alertname = "${alertname}"']
autonomy: { P1: auto }
target: thing:${alertname.toLowerCase()}
steps: [${steps}{ id: change, uses: test.change, with: { to: '\${{ target }}' } }]
verify: ${HOLDS}
`;
}

const ASKS = playbook("Slow", "").replace("P1: auto", "P1: approve");
const SLOW = playbook("Slow", "{ id: settle, wait: 2m }, ");
const QUICK = playbook("Quick", "");

async function say(at: House, alertname: string, status: "firing" | "resolved"): Promise<void> {
  const alert = alertOf(ACTS);
  await at.send(bodyOf(at, { ...alert, labels: { ...alert.labels, alertname }, status }));
}

/** The alert of a run that waits ends, while another one of the same service fires on. */
async function outlive(other: string, ...playbooks: readonly string[]): Promise<House> {
  const at = await openHouse(configText(ACTS), playbooks);
  await say(at, "Slow", "firing");
  await say(at, other, "firing");
  await at.pass(MINUTE);
  await say(at, "Slow", "resolved");
  await at.pass(5 * MINUTE);
  return at;
}

async function standing(at: House) {
  const ended = (await at.runs()).map(({ created, ended }) => `${created.playbook} ${ended?.reason.split(":")[0]}`);
  const incident = (await at.store.get<Incident>("incident", "inc-1"))?.body;
  const called = (await at.said("inc-1")).filter((text) => text.startsWith("a person is needed"));
  return { ended: ended.toSorted(), status: incident?.status, called };
}

test("where nothing runs for what still fires, people are called once", async () => {
  const { ended, status, called } = await standing(await outlive("Unmatched", SLOW));
  assert.deepEqual([ended, status], [["slow denied.stale"], "open"]);
  assert.deepEqual(called, [
    "a person is needed: the alert for which slow was begun on thing:slow has ended, and no playbook runs for what still fires",
  ]);
});

test("where what still fires has a run that helps, the incident is mitigated and nobody is called", async () => {
  const { ended, status, called } = await standing(await outlive("Quick", SLOW, QUICK));
  assert.deepEqual(
    [ended, status, called],
    [["quick recovery was measured and held", "slow denied.stale"], "mitigated", []],
  );
});

test("where people are asked for it, that is taken back at once, and nobody is called when it would have expired", async () => {
  const at = await openHouse(configText(ACTS), [ASKS, QUICK]);
  for (const name of ["Slow", "Quick"]) await say(at, name, "firing");
  await at.pass(MINUTE);
  assert.equal((await at.store.page("approvals:pending", { limit: 9 })).members.length, 1);
  await say(at, "Slow", "resolved");
  await at.pass(1_000);
  assert.equal((await at.store.page("approvals:pending", { limit: 9 })).members.length, 0);
  await at.pass(20 * MINUTE);
  const { ended, status, called } = await standing(at);
  assert.deepEqual(
    [ended, status, called],
    [["quick recovery was measured and held", "slow denied.stale"], "mitigated", []],
  );
});

test("where another alert asks for the same, people go on being asked", async () => {
  const at = await openHouse(configText(ACTS), [
    ASKS.replace('"Slow"', '"S.*"').replace("alertname = ", "alertname =~ "),
  ]);
  for (const name of ["Slow", "Sluggish"]) await say(at, name, "firing");
  await at.pass(MINUTE);
  await say(at, "Slow", "resolved");
  await at.pass(MINUTE);
  assert.equal((await at.store.page("approvals:pending", { limit: 9 })).members.length, 1);
});

test("when the alert is back, its playbook runs again", async () => {
  const at = await outlive("Unmatched", SLOW);
  await say(at, "Slow", "firing");
  await at.pass(5 * MINUTE);
  const { ended, status } = await standing(at);
  assert.deepEqual([ended, status], [["slow denied.stale", "slow recovery was measured and held"], "mitigated"]);
});

test("when the alert is back after people need not answer any more, they are asked again", async () => {
  const at = await openHouse(configText(ACTS), [ASKS]);
  for (const name of ["Slow", "Unmatched"]) await say(at, name, "firing");
  await at.pass(MINUTE);
  await say(at, "Slow", "resolved");
  await at.pass(5 * MINUTE);
  assert.deepEqual((await standing(at)).ended, ["slow denied.stale"]);
  await say(at, "Slow", "firing");
  await at.pass(MINUTE);
  assert.equal((await at.store.page("approvals:pending", { limit: 9 })).members.length, 1);
});
