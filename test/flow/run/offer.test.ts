import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import { MINUTE, openHouse } from "../control/house.ts";
import { ACTS, alertOf, bodyOf, configText } from "../control/situation.ts";

const textOf = (name: string, more: string) => `name: ${name}
match: ['alertname = "${name === "m" ? "None" : "Down"}"']
target: 'thing:litellm'
${more}
steps:
  - { id: change, uses: test.change, with: { to: '\${{ target }}' } }
`;

/** Two playbooks match the alert, the first with this autonomy; then a person has started a third one for its incident. */
async function houseWithRunByHand(autonomy: "approve" | "auto") {
  const house = await openHouse(configText(ACTS), [
    textOf("r", `autonomy: { P1: ${autonomy} }\npriority: 9`),
    textOf("s", "autonomy: { P1: auto }\npriority: 1"),
    textOf("m", "on: manual"),
  ]);
  const labels = { alertname: "Down", service: "litellm", severity: "critical", env: "prod" };
  await house.send(bodyOf(house, { ...alertOf(ACTS), labels }));
  await house.pass(MINUTE);
  await house.decide({ verb: "run", playbook: "m", vars: {}, incident: "inc-1" });
  await house.pass(MINUTE);
  return house;
}

test("a run by hand that nobody has agreed to does not keep the target's next playbook from running", async () => {
  const house = await houseWithRunByHand("approve");
  const pending = await Promise.all(
    (await house.pending()).map(async (id) => (await house.store.get<Approval>("approval", id))?.body),
  );
  const first = pending.find((one) => one?.playbook === "r")?.id ?? "";
  await house.decide({ verb: "reject", approval: first });
  await house.pass(MINUTE);
  assert.equal(house.calls.length, 1);
  const byHand = (await house.runs()).find((run) => run.created.playbook === "m");
  assert.equal(byHand?.ended, undefined);
});

for (const [how, verb] of [
  ["cancels", "cancel"],
  ["rejects", "reject"],
] as const) {
  test(`a run by hand that somebody ${how} is no step of the ladder: nothing else runs, and nobody is called`, async () => {
    const house = await houseWithRunByHand("auto");
    const run = (await house.runs()).find(({ created }) => created.playbook === "m")?.created.id ?? "";
    const [approval = ""] = await house.pending();
    await house.decide(verb === "cancel" ? { verb, run } : { verb, approval });
    await house.pass(5 * MINUTE);
    assert.equal(house.calls.length, 1, "only r has acted");
    assert.deepEqual(
      (await house.said("inc-1")).filter((text) => text.startsWith("a person is needed")),
      [],
    );
  });
}
