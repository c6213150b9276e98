import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, openHouse } from "../control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "../control/situation.ts";

const PLAYBOOK = `name: r
match: ['alertname =~ "Down.*"']
target: 'thing:litellm'
autonomy: { P0: approve, P1: approve }
steps:
  - { id: change, uses: test.change, with: { to: '\${{ target }}' } }
`;

test("an approval that waits is announced again when its incident becomes worse, and stays the same one", async () => {
  const house = await openHouse(configText(ACTS), [PLAYBOOK]);
  const send = (alertname: string, severity: string) =>
    house.send(bodyOf(house, { ...alertOf(ACTS), labels: { alertname, service: "litellm", severity, env: "prod" } }));
  await send("Down", "critical");
  await house.pass(MINUTE);
  const before = await house.pending();
  assert.equal(before.length, 1);
  await send("Down2", "disaster");
  await house.pass(MINUTE);
  assert.deepEqual(await house.pending(), before);
  const again = (await house.said("inc-1")).filter((line) => line.includes("still waits for"));
  assert.equal(again.length, 1);
  assert.match(again.join(), new RegExp(`inc-1 is P0 now, it was P1: ${before[0]} still waits for .* to decide on r`));
});
