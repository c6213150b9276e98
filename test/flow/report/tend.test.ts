import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decide } from "../../../src/flow/decide/decide.ts";
import { composeReport } from "../../../src/flow/report/report.ts";
import { ANNA } from "../../support/engine.ts";
import {
  diskFull,
  HOUR,
  MINUTE,
  openAndApprove,
  REPORT,
  REPORTS,
  type ReportWorld,
  reopen,
  reportWorld,
  resolve,
  touchedByFive,
} from "./world.ts";

/** RB-REPORT-1, as another program would read it. */
const LINE =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \| OPERATOR=[^|]+ \| CHAPTER=38 \| ACTION=(\w+) \| INCIDENT=([\w-]+) \| CAUSE=[^|]+ \| MTTR=(\d+m|-) \| IMPACT=[^|]+$/;

function lines({ disk }: ReportWorld, path: string): readonly string[] {
  return (disk.texts.get(path) ?? "").split("\n").filter((line) => line !== "");
}

async function said({ world }: ReportWorld, start: string): Promise<readonly string[]> {
  return (await world.timeline()).filter((line) => line.startsWith(start));
}

async function remedied(house = reportWorld()): Promise<ReportWorld> {
  await openAndApprove(house);
  await house.world.pass(2 * MINUTE);
  await resolve(house);
  return house;
}

describe("what a resolution leaves behind", () => {
  test("an incident that is resolved twice within one minute has two entries in the incidents log", async () => {
    const house = await remedied();
    await house.world.pass(5_000);
    await reopen(house);
    await resolve(house);
    const entries = lines(house, "docs/INCIDENTS.md").slice(1);
    assert.deepEqual(
      entries.map((line) => /P1 \(SEV2\)(, opening \d)?, a is down/.exec(line)?.[1]),
      [undefined, ", opening 2"],
    );
  });

  test("a report, one entry and one line in exactly the runbook's format, and all of it on the timeline", async () => {
    const house = await remedied();
    assert.deepEqual([...house.disk.texts.keys()].sort(), ["DECISIONS.log", "docs/INCIDENTS.md", REPORT]);
    const log = lines(house, "DECISIONS.log");
    assert.deepEqual(
      log.map((line) => [LINE.exec(line)?.[1], LINE.exec(line)?.[2], LINE.exec(line)?.[3]]),
      [
        ["approve", "inc-1", "-"],
        ["resolve_outage", "inc-1", "3m"],
      ],
    );
    assert.match(log[1] ?? "", /\| OPERATOR=anna \|.*CAUSE=not analysed yet; a is down; remedied by fix \|/);
    assert.match(log[1] ?? "", /\| IMPACT=P1 \(SEV2\), 1 alert on service=a$/);
    const [head, ...entries] = lines(house, "docs/INCIDENTS.md");
    assert.equal(head, "# Incidents");
    assert.equal(entries.length, 1);
    assert.match(
      entries[0] ?? "",
      /^- 1970-01-01 00:18 UTC: inc-1, P1 \(SEV2\), a is down; MTTR 3 minutes; report reports\//,
    );
    assert.deepEqual(await said(house, "report written"), [`report written: ${REPORT}`]);
    assert.deepEqual(await said(house, "decision log"), [`decision log: ${log[1]}`]);
    assert.deepEqual(await said(house, "post-mortem due"), ["post-mortem due 1970-01-03 00:18 UTC"]);
  });

  test("nothing is written again, however often it is looked at", async () => {
    const house = await remedied();
    const before = new Map(house.disk.texts);
    for (let look = 0; look < 5; look++) {
      await house.world.store.commit({ checks: [], writes: [{ write: "due", member: "incident:inc-1", at: 0 }] });
      await house.world.pass(MINUTE);
    }
    assert.deepEqual(house.disk.texts, before);
  });

  test("it waits for a run that still measures, so that its result is in the report", async () => {
    const house = reportWorld();
    await openAndApprove(house);
    await resolve(house);
    assert.equal(house.disk.texts.has(REPORT), false);
    await house.world.pass(2 * MINUTE);
    assert.match(house.disk.texts.get(REPORT) ?? "", /\*\*fix\*\* on thing:one .*: succeeded at /);
  });

  test("a person who closes it is the operator", async () => {
    const house = reportWorld();
    await openAndApprove(house);
    await house.world.pass(2 * MINUTE);
    await decide(house.world.deps, { ...ANNA, name: "ben", person: "ben" }, { verb: "close", incident: "inc-1" });
    await house.world.drain();
    assert.match(lines(house, "DECISIONS.log").at(-1) ?? "", /OPERATOR=ben \|.*ACTION=resolve_outage/);
  });

  test("an incident that comes back gets a second line, entry and report; the first report stays as people left it", async () => {
    const house = await remedied();
    house.disk.texts.set(REPORT, "a person has written the root cause here");
    await house.world.pass(5 * MINUTE);
    await reopen(house);
    await house.world.pass(5 * MINUTE);
    await resolve(house);
    assert.equal(house.disk.texts.get(REPORT), "a person has written the root cause here");
    assert.ok(house.disk.texts.has(REPORT.replace(".md", "_2.md")));
    assert.equal(lines(house, "DECISIONS.log").filter((line) => line.includes("resolve_outage")).length, 2);
    assert.match(lines(house, "docs/INCIDENTS.md").at(-1) ?? "", /, opening 2, /);
  });

  test("rejections, manual reverts and what people keep are logged as they happen, before anything is resolved", async () => {
    const house = reportWorld();
    await house.world.open("fix", { severity: "P1" });
    await house.world.drain();
    const [approval = ""] = await house.world.store.members("incident:inc-1:approvals");
    await decide(house.world.deps, ANNA, { verb: "reject", approval, reason: "not | now\n2026 | OPERATOR=root" });
    const lease = {
      id: "lea-1",
      runId: "r",
      incidentId: "inc-1",
      playbook: "fix",
      step: "fix",
      target: "thing:one",
      describe: "undo fix",
      undo: { uses: "t.fix", with: {} },
      onEnd: { kind: "revert" },
      status: "active",
      createdAt: 0,
      endsAt: 9e12,
      attempts: 0,
    };
    const kept = { id: "lea-2", status: "kept", keptBy: { by: "ben (slack)", at: 5 } };
    await house.world.store.commit({
      checks: [],
      writes: [
        { write: "put", kind: "lease", id: "lea-1", body: lease },
        { write: "put", kind: "lease", id: "lea-2", body: { ...lease, ...kept } },
        { write: "add", set: "incident:inc-1:leases", members: ["lea-1", "lea-2"] },
      ],
    });
    await decide(house.world.deps, ANNA, { verb: "revert", lease: "lea-1" });
    await house.world.pass(MINUTE);
    const log = lines(house, "DECISIONS.log");
    assert.deepEqual(
      log.map((line) => LINE.exec(line)?.[1]),
      ["reject", "revert", "keep"],
    );
    assert.ok(log[0]?.includes("not / now 2026 / OPERATOR=root"), "no separator and no line break of a value remains");
    assert.match(log[1] ?? "", /OPERATOR=anna .*CAUSE=lease lea-1 of fix on thing:one .*IMPACT=undo fix$/);
    assert.match(log[2] ?? "", /OPERATOR=ben .*CAUSE=lease lea-2 of fix/);
  });
});

describe("crashes and several workers", () => {
  for (const when of ["DECISIONS.log", "docs/INCIDENTS.md", REPORT]) {
    test(`a worker that dies after writing ${when} leaves nothing twice and nothing out`, async () => {
      const house = reportWorld();
      await openAndApprove(house);
      await house.world.pass(2 * MINUTE);
      let deaths = 0;
      house.disk.trouble.after = async (path) => {
        if (path === when && deaths++ === 0) await house.world.die();
      };
      await resolve(house);
      assert.equal(deaths, 1);
      await house.world.pass(3 * MINUTE);
      assert.equal(lines(house, "DECISIONS.log").length, 2);
      assert.equal(lines(house, "docs/INCIDENTS.md").length, 2);
      assert.ok(house.disk.texts.has(REPORT));
      assert.equal((await said(house, "report written")).length, 1);
    });
  }

  test("five workers at once write each thing once", async () => {
    const house = reportWorld();
    const { world, disk } = house;
    await openAndApprove(house);
    await world.pass(2 * MINUTE);
    delete world.deps.files;
    await resolve(house);
    world.deps.files = disk.files;
    assert.deepEqual(await touchedByFive(house), ["DECISIONS.log", "docs/INCIDENTS.md", REPORT]);
    assert.equal((await said(house, "report written")).length, 1);
  });

  test("nobody else writes while one worker is at it", async () => {
    const house = reportWorld();
    const { world, disk } = house;
    await openAndApprove(house);
    await world.pass(2 * MINUTE);
    const operations: string[] = [];
    disk.trouble.before = (path) => void operations.push(path);
    disk.trouble.after = () => world.die();
    await resolve(house);
    await world.pass(MINUTE - 10_000);
    assert.deepEqual(operations, ["DECISIONS.log"]);
  });

  test("a full disk is said once, tried again every five minutes, and made good", async () => {
    const house = reportWorld();
    let tries = 0;
    house.disk.trouble.before = (path) => {
      if (path !== "docs/INCIDENTS.md") return;
      tries += 1;
      diskFull(path);
    };
    await remedied(house);
    await house.world.pass(12 * MINUTE);
    assert.equal(tries, 3);
    assert.equal((await said(house, "appending to docs/INCIDENTS.md: ENOSPC")).length, 1);
    delete house.disk.trouble.before;
    await house.world.pass(6 * MINUTE);
    assert.equal(lines(house, "docs/INCIDENTS.md").length, 2);
    assert.equal(lines(house, "DECISIONS.log").length, 2, "what stood already stands once");
    assert.ok(house.disk.texts.has(REPORT));
  });
});

describe("the post-mortem", () => {
  test("is reminded of at 24 h and at 44 h, once each", async () => {
    const house = await remedied();
    const at = async (): Promise<number> => (await said(house, "the post-mortem of inc-1")).length;
    await house.world.leap(23 * HOUR);
    assert.equal(await at(), 0);
    await house.world.leap(1 * HOUR);
    assert.equal(await at(), 1);
    await house.world.leap(19 * HOUR);
    assert.equal(await at(), 1);
    await house.world.leap(1 * HOUR);
    await house.world.leap(20 * HOUR);
    const found = await said(house, "the post-mortem of inc-1");
    assert.deepEqual(found, [
      `the post-mortem of inc-1 is due in 1d, 1970-01-03 00:18 UTC; its report: ${REPORT}`,
      `the post-mortem of inc-1 is due in 4h, 1970-01-03 00:18 UTC; its report: ${REPORT}`,
    ]);
  });

  test("reminders missed while nobody worked are one", async () => {
    const house = await remedied();
    await house.world.leap(60 * HOUR);
    await house.world.leap(HOUR);
    const found = await said(house, "the post-mortem of inc-1");
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /is due since 1970-01-03 00:18 UTC/);
  });

  test("is reminded of also where the retention is shorter; then the incident goes", async () => {
    const house = await remedied(reportWorld(REPORTS, { retention: HOUR }));
    await house.world.leap(43 * HOUR);
    assert.equal((await said(house, "the post-mortem of inc-1")).length, 1);
    await house.world.leap(2 * HOUR);
    await house.world.leap(2 * HOUR);
    assert.equal(await house.world.store.get("incident", "inc-1"), undefined);
  });

  test("a report that a full disk holds up outlasts the retention, until the post-mortem is due", async () => {
    const house = reportWorld(REPORTS, { retention: HOUR });
    house.disk.trouble.before = diskFull;
    await remedied(house);
    await house.world.leap(47 * HOUR);
    assert.ok(await house.world.store.get("incident", "inc-1"));
    await house.world.leap(2 * HOUR);
    assert.equal(await house.world.store.get("incident", "inc-1"), undefined);
  });

  test("of an incident that is open again is nobody's business", async () => {
    const house = await remedied();
    await reopen(house);
    await house.world.leap(30 * HOUR);
    assert.deepEqual(await said(house, "the post-mortem of inc-1"), []);
  });
});

test("without `reports` nothing is written to disk, and the report can still be read", async () => {
  const house = await remedied(reportWorld("none"));
  const { world } = house;
  await world.leap(60 * HOUR);
  assert.deepEqual([...house.disk.texts.keys()], []);
  assert.deepEqual(await said(house, "post-mortem"), []);
  assert.match((await composeReport(world.store, "inc-1")) ?? "", /^# Incident report: a is down, 1970-01-01\n/);
});

test("only the files that are configured are written", async () => {
  const { decisionLog: _, incidentsLog: __, ...bare } = REPORTS;
  const house = await remedied(reportWorld(bare));
  assert.deepEqual([...house.disk.texts.keys()], [REPORT]);
});
