import assert from "node:assert/strict";
import { test } from "node:test";
import { ANNA, type House, MINUTE, openHouse } from "./house.ts";
import { ACTS, alertOf, bodyOf, configText, playbookText } from "./situation.ts";
import { demoted, fires, start } from "./stories.ts";

async function open(): Promise<House> {
  return openHouse(configText(ACTS), [playbookText(ACTS)]);
}

test("a demoted playbook says that it is, when it asks", async () => {
  const house = await open();
  await demoted(house);
  await fires(house);
  assert.equal(house.calls.length, 0);
  const asked = (await house.said("inc-1")).find((line) => line.includes("asked for")) ?? "";
  assert.match(asked, /respond is demoted: its last 3 runs failed their verification; `reset respond` lifts that/);
});

test("after a reset it acts alone again, also where the demotion had been read before", async () => {
  const house = await open();
  await demoted(house);
  await start(house);
  for (const run of await house.runs()) await house.decide({ verb: "cancel", run: run.created.id });
  assert.equal((await house.decide({ verb: "reset", playbook: "respond" }, ANNA)).ok, true);
  const before = (await house.runs()).length;
  await house.pass(MINUTE);
  await house.send(bodyOf(house, alertOf(ACTS)));
  const run = (await house.runs())[before];
  assert.equal(run?.created.autonomy, "auto");
  assert.equal(run?.asked, undefined);
  assert.ok(house.calls.length > 0);
});

test("what is started by hand, and what the whole service may do, are told as the reason that they are", async () => {
  const house = await open();
  await start(house);
  assert.match((await house.said("inc-1")).join("\n"), /asked for: anna.* has started it by hand/);
  const careful = await openHouse(configText({ ...ACTS, ceiling: "approve" }), [playbookText(ACTS)]);
  await fires(careful);
  assert.match((await careful.said("inc-1")).join("\n"), /asked for: autonomy is approve for the whole service/);
});
