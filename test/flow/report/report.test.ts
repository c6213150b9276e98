import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Approval } from "../../../src/core/approval.ts";
import type { AlertRecord } from "../../../src/core/episode.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Lease } from "../../../src/core/lease.ts";
import type { RunCreated, RunEvent } from "../../../src/core/run/events.ts";
import { foldRun, type Run } from "../../../src/core/run/run.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { resolveLine } from "../../../src/flow/report/decision-line.ts";
import { mttrMinutes, type ReportFacts, recoveryOf } from "../../../src/flow/report/facts.ts";
import { renderReport } from "../../../src/flow/report/report.ts";
import { reportName } from "../../../src/flow/report/wanted.ts";
import { ALERT } from "../../support/engine.ts";

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 21, 12, 0, 0);
const after = (minutes: number): number => NOON + minutes * MINUTE;

const CREATED: RunCreated = {
  type: "created",
  at: after(2),
  id: "run-1",
  playbook: "redeploy",
  playbookDigest: "d",
  incidentId: "inc-12",
  opening: 1,
  rung: 1,
  trigger: "firing",
  by: "stanch",
  severity: "P1",
  autonomy: "approve",
  target: "ecs:prod/litellm",
  alsoTargets: [],
  vars: {},
  facts: {},
  alert: { labels: {}, annotations: {}, status: "firing", startsAt: NOON, fingerprint: "f" },
  alerts: [],
  labels: {},
  incidentKey: "service=litellm",
  doubtful: false,
  truncated: false,
};

const STEPS: readonly RunEvent[] = [
  { type: "branched", at: after(2), path: "tree", branch: 1 },
  { type: "skipped", at: after(2), path: "scale", reason: "facts.cpu > 0.85 does not hold" },
  { type: "granted", at: after(4), approvalId: "apr-1", by: "anna (slack)", validUntil: after(19) },
  {
    type: "intent",
    at: after(5),
    path: "redeploy",
    attempt: 1,
    epoch: 1,
    uses: "ecs.redeploy",
    effect: "disruptive",
    input: {},
    targets: ["ecs:prod/litellm"],
  },
  { type: "outcome", at: after(6), path: "redeploy", outcome: "succeeded", message: "ecs-svc/2 is PRIMARY" },
  { type: "verifying", at: after(6), until: after(20) },
  { type: "checked", at: after(7), held: true, values: ["prometheus.query: value 0.004 (value < 0.01)"] },
];
const SUCCEEDED: RunEvent = { type: "ended", at: after(14), state: "succeeded", reason: "recovery held for 2m" };

const fold = (...events: readonly RunEvent[]): Run => foldRun([CREATED, ...events]);

const APPROVAL: Approval = {
  id: "apr-1",
  runId: "run-1",
  playbook: "redeploy",
  target: "ecs:prod/litellm",
  severity: "P1",
  requestedBy: "stanch",
  policy: { group: "platform-oncall", required: 1, requesterMayApprove: true, expires: 900_000, onExpiry: "escalate" },
  digest: "d",
  steps: [],
  why: [],
  status: "approved",
  votes: [{ by: "anna (slack)", person: "anna", via: "slack", at: after(4), decision: "approve", reason: "go" }],
  requestedAt: after(3),
  expiresAt: after(18),
};

const LEASE: Lease = {
  id: "lea-1",
  runId: "run-1",
  incidentId: "inc-12",
  playbook: "redeploy",
  step: "fallback",
  target: "settings:gateway",
  describe: "set FALLBACK_ENABLED to false",
  undo: { uses: "settings.set", with: {} },
  onEnd: { kind: "revert" },
  status: "active",
  createdAt: after(6),
  endsAt: after(126),
  attempts: 0,
};

function alertOf(more: Partial<AlertRecord> = {}): AlertRecord {
  const labels = { alertname: "LiteLLMHighErrorRate", service: "litellm" };
  return {
    ...ALERT,
    alert: { ...ALERT.alert, labels, startsAt: NOON, url: "http://prometheus:9090/graph" },
    state: { ...ALERT.state, status: "resolved", openedAt: after(1), startsAt: NOON, endsAt: after(16) },
    explanation: {
      at: after(1),
      facts: { error_rate: 0.12, cpu: null },
      severity: [],
      level: "P1",
      playbooks: [],
      sentence: "P1 by rule 2 (facts.error_rate >= 0.05)",
    },
    ...more,
  };
}

type Parts = {
  incident?: Partial<Incident>;
  runs?: readonly Run[];
  alerts?: readonly AlertRecord[];
  lines?: readonly TimelineEntry[];
};

function factsOf({
  incident = {},
  runs = [fold(...STEPS, SUCCEEDED)],
  alerts = [alertOf()],
  lines = [],
}: Parts = {}): ReportFacts {
  return {
    view: {
      incident: {
        id: "inc-12",
        key: "service=litellm",
        labels: { service: "litellm" },
        title: "LiteLLMHighErrorRate on litellm",
        severity: "P1",
        status: "resolved",
        opening: 1,
        openedAt: after(1),
        startedAt: NOON,
        resolvedAt: after(16),
        runs: runs.map((run) => run.created.id),
        leases: ["lea-1"],
        ...incident,
      },
      episodes: alerts,
      firing: 0,
      total: alerts.length,
      runs: [],
      approvals: [APPROVAL],
      leases: [LEASE],
      timelineLength: lines.length,
      paused: [],
    },
    runs,
    timeline: lines,
    postMortemWithin: 48 * 60 * MINUTE,
  };
}

const TIMELINE: readonly TimelineEntry[] = [
  {
    at: after(1),
    kind: "incident",
    text: "Opened: LiteLLMHighErrorRate on litellm; 1 alert fires",
    by: "alertmanager",
  },
  { at: after(3), kind: "guard", text: "waiting: freeze: weekend freeze", by: "stanch" },
  { at: after(4), kind: "approval", text: "approved by anna (slack)", by: "anna (slack)" },
  { at: after(13 * 60), kind: "message", text: "the next day", by: "ben" },
];

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

describe("hostile text", () => {
  const EVIL =
    "x\n## Root cause\n\n- [x] fixed | a | b |\r\n\u2028\u202E<img src=x onerror=1> [a](http://e) `c` ![i](j) **bold** \\| www.evil.com sk-aaaaaaaaaaaaaaaaaaaa";

  test("in labels, messages, reasons and names forges neither lines nor Markdown, and no secret stands", () => {
    const clean = renderReport(factsOf({ lines: TIMELINE }));
    const alerts = [alertOf({ alert: { ...alertOf().alert, labels: { alertname: EVIL } } })];
    const lines = [...TIMELINE.slice(1), { at: after(1), kind: "incident", text: EVIL, by: EVIL } as const];
    const evil = renderReport(
      factsOf({ incident: { title: EVIL, key: EVIL, labels: { service: EVIL } }, alerts, lines }),
    );
    const shape = (report: string): readonly string[] => report.match(/^(#+ |\| [A-Z]|- \[ \])/gm) ?? [];
    assert.deepEqual(shape(evil), shape(clean));
    assert.equal(evil.split("\n").length, clean.split("\n").length);
    const active = evil.replace(/\\./g, "");
    for (const part of ["<img", "[a]", "`", "**bold", "://e", "www.evil", "sk-aaaa", "\u202E", "\u2028"])
      assert.ok(!active.includes(part), part);
  });

  test("any title gives a table whose every row has its two cells", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (title) => {
        const report = renderReport(factsOf({ incident: { title, key: title, labels: { a: title } } }));
        const summary = report.slice(report.indexOf("| field"), report.indexOf("## Milestones"));
        for (const row of summary.trimEnd().split("\n")) {
          assert.equal(row.replace(/\\\\/g, "").replace(/\\\|/g, "").split("|").length, 4, row);
        }
      }),
    );
  });

  test("any text gives one line of seven fields in the decision log", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const line = resolveLine(factsOf({ incident: { title: text, key: text } }), after(16), "38");
        assert.equal(line.text.split(" | ").length, 8);
        assert.equal(line.text.split("|").length, 8);
        assert.ok(!/[\p{Cc}\u2028\u2029]/u.test(line.text));
        assert.ok(line.mark.every((part) => line.text.includes(part)));
      }),
    );
  });

  test("names a file that stays in its directory", () => {
    const created = { ...CREATED, playbook: "../../etc/passwd" };
    const name = reportName(factsOf({ runs: [foldRun([created])], incident: { id: "inc-12/../x" } }));
    assert.equal(name, "etc-passwd_incident_20261121_1201_inc-12-x.md");
    assert.equal(
      reportName(factsOf({ runs: [], incident: { title: "Ü" } })),
      "incident_incident_20261121_1201_inc-12.md",
    );
  });
});

test("the line of a resolution is exactly RB-REPORT-1's", () => {
  assert.equal(
    resolveLine(factsOf(), after(16), "38").text,
    "2026-11-21T12:16:00Z | OPERATOR=anna | CHAPTER=38 | ACTION=resolve_outage | INCIDENT=inc-12 | CAUSE=not analysed yet; LiteLLMHighErrorRate on litellm; remedied by redeploy | MTTR=14m | IMPACT=P1 (SEV2), 1 alert on service=litellm",
  );
  assert.match(resolveLine(factsOf({ runs: [] }), after(16), "38").text, /OPERATOR=stanch .*no playbook remedied it/);
});
