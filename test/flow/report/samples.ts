import type { Approval } from "../../../src/core/approval.ts";
import type { AlertRecord } from "../../../src/core/episode.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Lease } from "../../../src/core/lease.ts";
import type { RunCreated, RunEvent } from "../../../src/core/run/events.ts";
import { foldRun, type Run } from "../../../src/core/run/run.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import type { ReportFacts } from "../../../src/flow/report/facts.ts";
import { ALERT } from "../../support/engine.ts";

export const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 21, 12, 0, 0);
export const after = (minutes: number): number => NOON + minutes * MINUTE;

export const CREATED: RunCreated = {
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

export const STEPS: readonly RunEvent[] = [
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
export const SUCCEEDED: RunEvent = { type: "ended", at: after(14), state: "succeeded", reason: "recovery held for 2m" };

export const fold = (...events: readonly RunEvent[]): Run => foldRun([CREATED, ...events]);

const APPROVAL: Approval = {
  id: "apr-1",
  runId: "run-1",
  playbook: "redeploy",
  target: "ecs:prod/litellm",
  severity: "P1",
  requestedBy: "stanch",
  policy: {
    group: "platform-oncall",
    required: 1,
    requesterMayApprove: true,
    expires: 900_000,
    validFor: 900_000,
    onExpiry: "escalate",
  },
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

export function alertOf(more: Partial<AlertRecord> = {}): AlertRecord {
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

export type Parts = {
  incident?: Partial<Incident>;
  runs?: readonly Run[];
  alerts?: readonly AlertRecord[];
  lines?: readonly TimelineEntry[];
};

export function factsOf({
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

export const TIMELINE: readonly TimelineEntry[] = [
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
