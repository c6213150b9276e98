import type { Approval } from "./approval.ts";
import type { AlertRecord } from "./episode.ts";
import type { Incident } from "./incident.ts";
import type { Lease } from "./lease.ts";
import type { Task } from "./task.ts";
import type { Instant } from "./time.ts";
import type { TimelineEntry } from "./timeline.ts";

/** A run as the API, the chat and the CLI show it; times ISO 8601 UTC. */
export type RunView = {
  id: string;
  playbook: string;
  incidentId?: string;
  /** Where the longer story stands, as the playbook says. */
  runbook?: string;
  target: string;
  state: {
    kind: RunStateKind;
    approvalId?: string;
    expiresAt?: string;
    reason?: string;
    question?: string;
    until?: string;
  };
  autonomy: string;
  severity: string;
  steps: readonly StepRow[];
  startedAt: string;
  endedAt?: string;
  /** Of a run that succeeded against its alerts and changed something: whether its own checks have measured the recovery. */
  recovery?: "measured" | "unmeasured";
  /** What it is doing now, in words. */
  sentence: string;
};

export const RUN_STATE_KINDS = [
  "ready",
  "executing",
  "waiting",
  "awaiting_approval",
  "verifying",
  "reverting",
  "unknown_outcome",
  "succeeded",
  "failed",
  "cancelled",
  "observed",
] as const;
export type RunStateKind = (typeof RUN_STATE_KINDS)[number];

export type StepRow = {
  path: string;
  uses?: string;
  outcome?: "succeeded" | "failed" | "skipped" | "cancelled";
  state: "pending" | "executing" | "done";
  attempt?: number;
  input?: Readonly<Record<string, unknown>>;
  output?: Readonly<Record<string, unknown>>;
  reason?: string;
  message?: string;
};

/** Everything people see of one incident at one moment. */
export type IncidentView = {
  incident: Incident;
  /** Open episodes first, at most 50; `firing` and `total` count all. */
  episodes: readonly AlertRecord[];
  firing: number;
  total: number;
  runs: readonly RunView[];
  approvals: readonly Approval[];
  leases: readonly Lease[];
  timelineLength: number;
  /** The store's time when this was read; absent in tests alone. */
  readAt?: Instant;
  /** What is paused now and covers it; without `until` it lasts until somebody resumes. */
  paused: readonly { scope: string; by: string; reason: string; until?: Instant }[];
  /** Until when an acknowledgement holds escalation back; absent: none does any more, or yet. */
  restsUntil?: Instant;
  /** What people are asked to do and have not done yet; absent: nothing is known. */
  tasks?: readonly Task[];
};

/**
 * Whether what a run had brought about on this target by then did not hold to the end: an alert joined or fired anew after it, the severity
 * rose, or what held it was undone while the alert still fired.
 */
export function isOvertaken({ incident, episodes }: IncidentView, target: string, endedAt: Instant): boolean {
  const { joinedAt = 0, raisedAt = 0, exposed } = incident;
  const turns = [joinedAt, raisedAt, exposed?.[target] ?? 0, ...episodes.map(({ state }) => state.openedAt)];
  return turns.some((at) => at > endedAt);
}

export type Page<T> = { items: readonly T[]; next?: string };
export type Timeline = { items: readonly (TimelineEntry & { seq: number })[] };
