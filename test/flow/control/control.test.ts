import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Run } from "../../../src/core/run/run.ts";
import { ALERT_CASES } from "./alert-cases.ts";
import type { Case, Where } from "./cases.ts";
import { RULE_CASES } from "./guard-cases.ts";
import { type House, openHouse } from "./house.ts";
import { PEOPLE_CASES } from "./people-cases.ts";
import { ACTS, alertOf, bodyOf, configText, OTHER, playbookText, type Situation } from "./situation.ts";

const CASES: readonly Case[] = [...ALERT_CASES, ...RULE_CASES, ...PEOPLE_CASES];

/** Lets a situation happen. `acted`: what stanch changed after the alert of the case came, in this case's own run. */
async function happen(at: Situation): Promise<{ house: House; acted: number; known: ReadonlySet<string> }> {
  const house = await openHouse(configText(at), at.loaded === "none" ? [] : [playbookText(at), OTHER]);
  await at.before(house);
  const known = new Set((await house.runs()).map((run) => run.created.id));
  const calls = house.calls.length;
  house.broken.now = at.broken;
  await house.send(bodyOf(house, alertOf(at), at.truncated));
  await at.after(house);
  return { house, acted: house.calls.length - calls, known };
}

/** Everything that says why, by the place that says it; runs of the stories before do not count. */
async function reasons(where: Where, { house, known }: { house: House; known: ReadonlySet<string> }) {
  const runs = (await house.runs()).filter((run) => !known.has(run.created.id));
  switch (where) {
    case "ended":
      return runs.flatMap((run) => run.ended?.reason ?? []);
    case "waits":
      return runs.flatMap(waitsFor);
    case "said":
      return [...(await house.said("inc-1")), ...(await house.said("inc-2"))];
    case "answer":
      return house.answers;
    case "alert":
      return house.explained();
    default:
      return where satisfies never;
  }
}

function waitsFor(run: Run): readonly string[] {
  return [...(run.asked?.guards ?? []), ...(run.waiting ? [run.waiting.reason, run.waiting.detail ?? ""] : [])];
}

describe("nothing is done, and one fact makes the difference", () => {
  for (const one of CASES) {
    const given: Situation = { ...ACTS, ...one.given };
    test(one.name, async () => {
      const idle = await happen({ ...given, [one.key]: one.idle });
      assert.equal(idle.acted, 0, `it acted: ${(await idle.house.said("inc-1")).join("\n")}`);
      const told = await reasons(one.where, idle);
      assert.ok(
        told.some((text) => one.why.test(text)),
        `${one.why} is not in\n${told.join("\n")}`,
      );
      const twin = await happen({ ...given, [one.key]: one.acts });
      assert.ok(twin.acted > 0, `its twin did not act: ${(await twin.house.said("inc-1")).join("\n")}`);
    });
  }
});

test("there are at least 50 of them, each with its own name", () => {
  assert.ok(CASES.length >= 50, `${CASES.length} cases`);
  assert.equal(new Set(CASES.map((one) => one.name)).size, CASES.length);
});
