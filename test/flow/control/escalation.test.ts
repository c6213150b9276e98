import assert from "node:assert/strict";
import { test } from "node:test";
import { openHouse } from "./house.ts";
import { ACTS, alertOf, bodyOf, configText } from "./situation.ts";

const SECOND = 1_000;

const WAITS = [
  "name: respond",
  `match: ['alertname = "Down"']`,
  "target: 'thing:litellm'",
  "autonomy: { P1: auto }",
  "steps: [{ id: pause, wait: 30m }]",
].join("\n");

function levels(...after: readonly string[]): string {
  const rows = after.map((time) => `\n  - { after: ${time}, when: unmitigated, notify: ['slack:@oncall'] }`);
  return `${configText(ACTS)}\nescalation:${rows.join("")}\n`;
}

test("a level that counts from the opening calls in time while a run is under way, and again when the incident comes back", async () => {
  const house = await openHouse(levels("0m", "20s"), [WAITS]);
  const calls = async () => (await house.said("inc-1")).filter((line) => line.startsWith("P1: not mitigated"));
  await house.send(bodyOf(house, alertOf(ACTS)));
  assert.deepEqual(await calls(), ["P1: not mitigated 0s after it opened"]);
  await house.pass(20 * SECOND, SECOND);
  assert.deepEqual((await calls()).slice(1), ["P1: not mitigated 20s after it opened"]);
  await house.send(bodyOf(house, alertOf({ ...ACTS, status: "resolved" })));
  await house.pass(10 * SECOND, SECOND);
  await house.send(bodyOf(house, alertOf(ACTS)));
  await house.pass(21 * SECOND, SECOND);
  assert.equal((await calls()).length, 4);
});
