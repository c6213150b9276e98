import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RunCreated, RunEvent } from "../../../src/core/run/events.ts";
import { foldRun, type Run } from "../../../src/core/run/run.ts";
import type { Write } from "../../../src/core/store.ts";
import { resolveLine } from "../../../src/flow/report/decision-line.ts";
import { mttrMinutes, readFacts, recoveryOf } from "../../../src/flow/report/facts.ts";
import { renderReport } from "../../../src/flow/report/report.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";
import { after, alertOf, CREATED, factsOf, fold, MINUTE, type Parts, STEPS, SUCCEEDED, TIMELINE } from "./samples.ts";

describe("every field of RB-REPORT-4 to 12", () => {
  const report = renderReport(factsOf({ lines: TIMELINE }));
  const rows: readonly (readonly [string, RegExp])[] = [
    ["title with its date", /^# Incident report: LiteLLMHighErrorRate on litellm, 2026-11-21\n/],
    ["incident id", /\| Incident \| inc-12 \|/],
    ["severity on both scales", /\| Severity \| P1 \(SEV2\) \|/],
    ["start", /\| Start \| 2026-11-21 12:00 UTC \|/],
    ["end is the verified recovery", /\| End \| 2026-11-21 12:14 UTC \|/],
    ["MTTR in whole minutes", /\| MTTR \| 14 minutes \|/],
    ["impact is a person's", /\| Impact \| _to be written by a person_ \|/],
    ["users affected are a person's", /\| Users and requests affected \| _to be/],
    ["post-mortem due", /\| Post-mortem due \| 2026-11-23 12:16 UTC \|/],
    ["milestone: alert fired", /\| Alert fired \| 2026-11-21 12:00 UTC \|/],
    ["milestone: declared", /\| Incident declared \| 2026-11-21 12:01 UTC \|/],
    ["milestone: root cause identified", /\| Root cause identified \| _to be written by a person_ \|/],
    ["milestone: mitigation applied", /\| Mitigation applied \| 2026-11-21 12:05 UTC \|/],
    ["milestone: resolved", /\| Resolved \| 2026-11-21 12:16 UTC \|/],
    ["facts at classification", /P1 by rule 2 .*\n {2}- error\\_rate = 0.12\n {2}- cpu = not measurable/],
    ["what repaired it", /- \*\*redeploy\*\* on ecs:prod\/litellm .*succeeded at 12:14.*\*\*what repaired it\*\*/],
    ["who approved", / {2}- approved by anna \(slack\) \(apr-1\)/],
    ["the branch taken", / {2}- branch tree: case 2/],
    ["the steps", / {2}- 12:05 redeploy \(ecs\.redeploy, disruptive\): succeeded, ecs-svc\/2 is PRIMARY/],
    [
      "checks and values",
      /- redeploy, recovery: hold since 12:07, last measured 12:07\n {2}- prometheus\.query: value 0\.004/,
    ],
    ["steps not done", /- redeploy, step scale skipped: facts\.cpu \\> 0\.85 does not hold/],
    ["guards that held back", /- waiting: freeze: weekend freeze/],
    [
      "leases still running",
      /\*\*still in force\*\*: lea-1 on settings:gateway: set FALLBACK\\_ENABLED to false; active, ends 2026-11-21 14:06/,
    ],
    ["votes", /approved by anna \(slack\) at 2026-11-21 12:04 UTC: go/],
    [
      "root cause is a person's, with the evidence",
      /## Root cause\n\n_to be written by a person_\n\n- evidence: redeploy on /,
    ],
    ["lessons learned", /## Lessons learned\n\n_to be written by a person_/],
    [
      "follow-ups as check boxes",
      /- \[ \] decide about lease lea-1 before it ends .*\n- \[ \] post-mortem meeting, due 2026-11-23 12:16 UTC\n- \[ \] preventive measure\n- \[ \] preventive measure\n- \[ \] improvement of detection/,
    ],
    [
      "timeline by day, HH:MM",
      /### 2026-11-21 \(UTC\)\n\n- 12:01 \*\*incident\*\* Opened: .*\n- 12:03 .*\n- 12:04 .*\n\n### 2026-11-22 \(UTC\)\n\n- 01:00 \*\*message\*\* the next day _\(ben\)_/,
    ],
  ];
  for (const [what, pattern] of rows) test(what, () => assert.match(report, pattern));
});

describe("MTTR", () => {
  const table: readonly (readonly [string, Parts, number | undefined, string | undefined])[] = [
    ["ends at the verified recovery", {}, 14, "measured"],
    ["counts to the end of the alerts when nothing was measured", { runs: [] }, 16, "alerts"],
    [
      "does not believe a recovery after which an alert fired anew",
      { alerts: [alertOf(), alertOf({ state: { ...alertOf().state, openedAt: after(15) } })] },
      16,
      "alerts",
    ],
    ["does not believe a run of an earlier opening", { incident: { opening: 2, reopenedAt: after(15) } }, 16, "alerts"],
    [
      "does not believe one after which an alert joined that is not shown",
      { incident: { joinedAt: after(15) } },
      16,
      "alerts",
    ],
    ["does not believe a recovery after which the severity rose", { incident: { raisedAt: after(15) } }, 16, "alerts"],
    [
      "does not believe a recovery that was undone while the alert still fired",
      { incident: { exposed: { "ecs:prod/litellm": after(15) } } },
      16,
      "alerts",
    ],
    [
      "does not wait for what was restored after the recovery",
      { runs: [fold(...STEPS, SUCCEEDED), restoring()] },
      14,
      "measured",
    ],
    ["does not count a run that was never verified", { runs: [fold(...STEPS.slice(0, 5), SUCCEEDED)] }, 16, "alerts"],
    ["is open while it is open", { incident: { status: "open" } }, undefined, undefined],
    ["is never negative, whatever the alert's clock says", { incident: { startedAt: after(60) } }, 0, "measured"],
    [
      "ends when a person closed it",
      { runs: [], lines: [{ at: after(16), kind: "decision", text: "closed", by: "ben (api)" }] },
      16,
      "person",
    ],
  ];
  for (const [what, parts, minutes, how] of table) {
    test(what, () => {
      assert.equal(mttrMinutes(factsOf(parts)), minutes);
      assert.equal(recoveryOf(factsOf(parts))?.how, how);
    });
  }
});

test("the line of a resolution is exactly RB-REPORT-1's", () => {
  assert.equal(
    resolveLine(factsOf(), after(16), "38").text,
    "2026-11-21T12:16:00Z | OPERATOR=anna | CHAPTER=38 | ACTION=resolve_outage | INCIDENT=inc-12 | CAUSE=not analysed yet; LiteLLMHighErrorRate on litellm; remedied by redeploy | MTTR=14m | IMPACT=P1 (SEV2), 1 alert on service=litellm",
  );
  assert.match(resolveLine(factsOf({ runs: [] }), after(16), "38").text, /OPERATOR=stanch .*no playbook remedied it/);
});

describe("who is said to have repaired it", () => {
  const unverified = fold(...STEPS.slice(0, 5), SUCCEEDED);
  const failed = fold(...STEPS, { type: "ended", at: after(14), state: "failed", reason: "verification_failed: late" });
  const closed = [{ at: after(16), kind: "decision", text: "closed", by: "ben (api)" }] as const;
  const table: readonly (readonly [string, Parts, RegExp])[] = [
    ["the run whose checks held", {}, /redeploy on ecs:prod\/litellm repaired it/],
    [
      "not one that was never verified",
      { runs: [unverified] },
      /redeploy on .* the last change before the alerts ended; /,
    ],
    ["not one whose checks never held", { runs: [failed] }, /redeploy on .* the last change before the alerts ended; /],
    [
      "not one before which a person closed it",
      { runs: [unverified], lines: closed },
      /last change before it was closed/,
    ],
    ["not what was restored after the recovery", { runs: [unverified, restoring()] }, /redeploy on .* the last change/],
    ["nobody while it is open", { incident: { status: "open" } }, /no playbook repaired it/],
    ["nobody where nothing was changed", { runs: [fold(...STEPS.slice(0, 2), SUCCEEDED)] }, /no playbook repaired it/],
  ];
  for (const [who, parts, evidence] of table) {
    test(who, () => {
      const facts = factsOf(parts);
      const isRepaired = /litellm repaired it/.test(renderReport(facts));
      assert.match(renderReport(facts), evidence);
      assert.equal(renderReport(facts).includes("**what repaired it**"), isRepaired);
      assert.equal(resolveLine(facts, after(16), "38").text.includes("remedied by"), isRepaired);
    });
  }

  test("a step that found its change in force has mitigated nothing, and says so", () => {
    const stood = STEPS.map((event) =>
      event.type === "outcome" && event.path === "redeploy" ? { ...event, output: { changed: false } } : event,
    );
    const report = renderReport(factsOf({ runs: [fold(...stood, SUCCEEDED)] }));
    assert.match(report, /\| Mitigation applied \| - \|/);
    assert.match(report, /redeploy .*: succeeded, .*it was so already, and nothing was changed/);
    assert.match(report, /no playbook repaired it/);
  });

  test("what was only restored after the recovery mitigated nothing", () => {
    assert.match(renderReport(factsOf({ runs: [restoring()] })), /\| Mitigation applied \| - \|/);
  });

  test("the last change is named where it stands and in the decision log, with who approved it", () => {
    const facts = factsOf({ runs: [unverified] });
    assert.match(renderReport(facts), /- \*\*redeploy\*\* on .*; the last change before the alerts ended\n/);
    const line = resolveLine(facts, after(16), "38").text;
    assert.match(line, /OPERATOR=anna \| .*; last change before the alerts ended: redeploy \| MTTR=16m/);
  });
});

/** A playbook that is started by the recovery, changes something and measures that it holds. */
function restoring(): Run {
  const created: RunCreated = { ...CREATED, id: "run-2", playbook: "restore", trigger: "recovered", at: after(17) };
  const later = STEPS.map((event) => ({ ...event, at: event.at + 20 * MINUTE }));
  return foldRun([created, ...later, { ...SUCCEEDED, at: after(40) }]);
}

test("a lease whose run has undone the step itself is no longer in force, though it was not looked at yet", async () => {
  const { store } = createMemoryStore({ now: () => after(20) });
  const facts = factsOf();
  const input = { name: "F", value: "off" };
  const undo = { uses: "settings.set", with: input };
  const intent = {
    type: "intent",
    at: after(8),
    attempt: 1,
    epoch: 1,
    uses: "settings.set",
    input,
    targets: [],
  } as const;
  const events: readonly RunEvent[] = [
    CREATED,
    { ...intent, path: "undo/fallback", effect: "reversible" },
    { type: "outcome", at: after(9), path: "undo/fallback", outcome: "succeeded" },
  ];
  const lease = { ...facts.view.leases[0], undo };
  const report = async (doc: object) => {
    const writes: readonly Write[] = [
      { write: "put", kind: "incident", id: "inc-12", body: facts.view.incident },
      { write: "put", kind: "lease", id: "lea-1", body: doc },
      { write: "add", set: "incident:inc-12:leases", members: ["lea-1"] },
      { write: "drop", list: "run:run-1" },
      { write: "append", list: "run:run-1", items: events },
    ];
    await store.commit({ checks: [], writes });
    const read = await readFacts(store, "inc-12");
    assert.ok(read);
    return renderReport(read);
  };
  assert.doesNotMatch(await report(lease), /still in force|decide about lease/);
  const handedDown = { ...lease, undo: { ...undo, with: { ...input, value: "older" } } };
  assert.match(await report(handedDown), /still in force/);
});

test("an incident of a person's run has no alerts that ended, and what failed before it began has no effect", () => {
  const failed: RunEvent = {
    type: "outcome",
    at: after(5),
    path: "shed",
    outcome: "failed",
    uses: "settings.set",
    message: "no",
  };
  const runs = [fold(failed, { type: "ended", at: after(6), state: "failed", reason: "shed: no" })];
  const report = renderReport(factsOf({ runs, alerts: [] }));
  assert.match(report, /\| Recovery \| no alert had opened it; its run ended \|/);
  assert.match(report, /shed \(settings\.set\): failed, no/);
});

test("a run that waits for an answer says what it asks, and its step that its outcome is not known", () => {
  const called = STEPS.find(({ type }) => type === "intent");
  assert.ok(called);
  const asked: RunEvent = { type: "unknown", at: after(6), path: "redeploy", question: "did this take effect?" };
  const asks = renderReport(factsOf({ runs: [fold(called, asked)] }));
  assert.match(asks, /\(run-1, P1, approve\): waits for an answer: did this take effect\?\n/);
  assert.match(asks, / {2}- 12:05 redeploy \(ecs\.redeploy, disruptive\): outcome unknown\n/);
  const goesOn = renderReport(factsOf({ runs: [fold(called)] }));
  assert.match(goesOn, /: under way\n {2}- 12:05 redeploy \(ecs\.redeploy, disruptive\): under way\n/);
});
