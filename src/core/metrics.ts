import type { FailureReason } from "./action.ts";
import type { ApprovalStatus } from "./approval.ts";
import type { QueueName } from "./queue.ts";
import type { Outcome } from "./run/events.ts";
import type { RunStateKind } from "./views.ts";

/** Why a webhook call was not accepted: the AppError code, as a metric label. */
export const REJECT_REASONS = [
  "unauthorized",
  "invalid_request",
  "too_large",
  "not_found",
  "unavailable",
  "internal",
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/**
 * What stanch counts and measures; the HTTP side exposes it, the flow calls the part it needs (`Pick<Metrics, …>`).
 * Labels come from closed sets or from loaded playbooks, never from alert text. Durations and ages are seconds.
 */
export type Metrics = {
  /** Alerts whose episode changed by a body. */
  accepted(source: string, alerts: number): void;
  /** Alerts that were known already. */
  unchanged(source: string, alerts: number): void;
  /** Alerts that could not be read, of bodies whose others were taken. */
  alertsRejected(source: string, alerts: number): void;
  /** Webhook calls that were refused. */
  rejected(source: string, reason: RejectReason): void;
  /** From the complete body to the answer. */
  acceptSeconds(source: string, seconds: number): void;
  queue(name: QueueName, depth: number, oldestAgeSeconds: number): void;
  /** Bodies that wait for assessment, and how long the oldest has. */
  unassessed(entries: number, oldestAgeSeconds: number): void;
  /** An episode that could not be assessed in 5 deliveries. */
  poisoned(): void;
  /** A run came into this state. */
  run(playbook: string, state: RunStateKind): void;
  /** Replaces the gauge of unfinished runs. */
  activeRuns(rows: readonly { playbook: string; state: RunStateKind; count: number }[]): void;
  step(uses: string, outcome: Outcome, reason?: FailureReason | "condition_unknown"): void;
  /** A guard answered something else than allow. */
  guard(guard: string, answer: "ask" | "deny"): void;
  /** An approval came into this status. */
  approval(status: ApprovalStatus): void;
  /** Incidents with things to post, and how long the oldest waits. */
  outbox(waiting: number, oldestAgeSeconds: number): void;
  /** One call to a chat: `failed` is retried. */
  posted(chat: "slack" | "console", result: "ok" | "failed"): void;
  playbooks(loaded: number, faults: number): void;
};

/** Counts nothing: for tests, `plan` and `stanch test`. */
export const noMetrics: Metrics = {
  accepted() {},
  unchanged() {},
  alertsRejected() {},
  rejected() {},
  acceptSeconds() {},
  queue() {},
  unassessed() {},
  poisoned() {},
  run() {},
  activeRuns() {},
  step() {},
  guard() {},
  approval() {},
  outbox() {},
  posted() {},
  playbooks() {},
};
