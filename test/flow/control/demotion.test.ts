import assert from "node:assert/strict";
import { test } from "node:test";
import { ANNA, type House, MINUTE, openHouse } from "./house.ts";
import { ACTS, alertOf, bodyOf, configText, playbookText } from "./situation.ts";
import { demoted, ends, fires, measures, PEOPLE, start } from "./stories.ts";

async function open(): Promise<House> {
  return openHouse(configText(ACTS), [playbookText(ACTS)]);
}

test("a demoted playbook says that it is, when it asks", async () => {
  const house = await open();
  await demoted(house);
  await fires(house);
  assert.equal(house.calls.length, 0);
  const asked = (await house.said("inc-1")).find((line) => line.includes("asked for")) ?? "";
  assert.match(
    asked,
    /respond is demoted: its last 3 runs failed their verification; `stanch reset respond` lifts that/,
  );
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

test("three failed verifications in a row demote it, and one that holds between them takes back what was counted", async () => {
  const checks = "[{ uses: test.measure, expect: 'value > 0.0' }]";
  const verified = `${playbookText(ACTS)}verify: { checks: ${checks}, every: 10s, hold: 10s, within: 30s }\n`;
  const house = await openHouse(configText(ACTS), [verified]);
  const asked: number[] = [];
  for (const value of [-1, -1, 1, -1, -1, -1, 1]) {
    await measures(value)(house);
    await fires(house);
    await house.pass(2 * MINUTE);
    asked.push((await house.pending()).length);
    await ends(house);
    await house.pass(40 * MINUTE);
  }
  assert.deepEqual(asked, [0, 0, 0, 0, 0, 0, 1]);
});

test("only an admin lifts a demotion", async () => {
  const house = await open();
  await demoted(house);
  const refused = await house.decide({ verb: "reset", playbook: "respond" }, PEOPLE.ben);
  assert.deepEqual(refused, { ok: false, code: "forbidden", sentence: "reset needs the role admin" });
  await fires(house);
  assert.deepEqual([house.calls.length, (await house.pending()).length], [0, 1]);
});

test("what is started by hand, and what the whole service may do, are told as the reason that they are", async () => {
  const house = await open();
  await start(house);
  assert.match((await house.said("inc-1")).join("\n"), /asked for: anna.* has started it by hand/);
  const careful = await openHouse(configText({ ...ACTS, ceiling: "approve" }), [playbookText(ACTS)]);
  await fires(careful);
  assert.match((await careful.said("inc-1")).join("\n"), /asked for: autonomy is approve for the whole service/);
});
