import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ended,
  MINUTE,
  openAndApprove,
  REPORT,
  type ReportWorld,
  reopen,
  reportWorld,
  resolve,
  touchedByFive,
} from "./world.ts";

const SECOND = REPORT.replace(".md", "_2.md");

function lines({ disk }: ReportWorld, path: string, part: string): readonly string[] {
  return (disk.texts.get(path) ?? "").split("\n").filter((line) => line.includes(part));
}

/** The remedy has held; nobody has written anything of the end yet. */
async function remedied(): Promise<ReportWorld> {
  const house = reportWorld();
  await openAndApprove(house);
  await house.world.pass(2 * MINUTE);
  return house;
}

/** Each opening that has ended stands once in every file, and each report is of its own opening. */
function assertWhole(house: ReportWorld, openings: number): void {
  const reports = [...house.disk.texts.keys()].filter((path) => path.startsWith("reports/"));
  assert.deepEqual(reports.sort(), [REPORT, SECOND].slice(0, openings));
  assert.equal(lines(house, "DECISIONS.log", "ACTION=resolve_outage").length, openings);
  const entries = lines(house, "docs/INCIDENTS.md", "inc-1, P1").map((line) => line.includes(", opening 2,"));
  assert.deepEqual(entries, [false, true].slice(0, openings));
}

describe("an incident that comes back before the report of its opening was written", () => {
  test("leaves the report, the entry and the line of that opening all the same, as it stood at its end", async () => {
    const house = await remedied();
    await ended(house);
    await reopen(house);
    await house.world.drain();
    assertWhole(house, 1);
    assert.equal(await house.world.store.length("openings:inc-1"), 0, "what is written need not be kept");
    const report = house.disk.texts.get(REPORT) ?? "";
    assert.match(report, /\| Status \| resolved \|/);
    assert.match(report, /\| MTTR \| 3 minutes \|/);
    assert.match(report, /\| Openings \| 1 \|/);
    assert.match(report, /\*\*fix\*\* on thing:one .*: succeeded at .*what repaired it/);
    assert.match(lines(house, "DECISIONS.log", "resolve_outage").join(), /OPERATOR=anna .*remedied by fix \| MTTR=3m/);
    assert.equal((await house.world.timeline()).filter((line) => line.startsWith("post-mortem due")).length, 0);
  });

  test("has its own of each opening when it ends again at once, in their order", async () => {
    const house = await remedied();
    await ended(house);
    await reopen(house);
    await resolve(house);
    await house.world.pass(10 * MINUTE);
    assertWhole(house, 2);
    assert.doesNotMatch(house.disk.texts.get(REPORT) ?? "", /Opened again/);
    assert.match(house.disk.texts.get(SECOND) ?? "", /\| Opened again \|/);
    assert.equal((await house.world.timeline()).filter((line) => line.startsWith("report written")).length, 2);
  });

  for (const when of ["DECISIONS.log", "docs/INCIDENTS.md", REPORT]) {
    test(`has it once when the worker died after writing ${when}, and it came back then`, async () => {
      const house = await remedied();
      let deaths = 0;
      house.disk.trouble.after = async (path) => {
        if (path === when && deaths++ === 0) await house.world.die();
      };
      await resolve(house);
      assert.equal(deaths, 1);
      await reopen(house);
      await house.world.pass(3 * MINUTE);
      assertWhole(house, 1);
      await resolve(house);
      await house.world.pass(10 * MINUTE);
      assertWhole(house, 2);
    });
  }

  test("has it once with five workers", async () => {
    const house = await remedied();
    await ended(house);
    await reopen(house);
    assert.deepEqual(await touchedByFive(house), ["DECISIONS.log", "docs/INCIDENTS.md", REPORT]);
    assertWhole(house, 1);
  });

  test("is written of when its runs have ended, or an hour after its end", async () => {
    const house = reportWorld();
    await openAndApprove(house);
    await ended(house);
    await reopen(house);
    await house.world.drain();
    assertWhole(house, 0);
    await house.world.pass(2 * MINUTE);
    await house.world.leap(61 * MINUTE);
    assertWhole(house, 1);
  });
});
