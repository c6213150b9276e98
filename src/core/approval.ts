import type { Effect } from "./action.ts";
import type { Bounds } from "./playbook/bounds.ts";
import type { ApprovalPolicy } from "./playbook/playbook.ts";
import type { Instant, Milliseconds } from "./time.ts";

/** Stands for who approved when a veto window has passed. */
export const UNOPPOSED = "nobody objected";

/** One mutating step as people see it before they agree. */
export type PlannedStep = {
  path: string;
  uses: string;
  effect: Effect;
  /** `force a new deployment of prod/litellm`. */
  describe: string;
  targets: readonly string[];
  /** Rendered input, redacted; `pending` when it cannot be known yet. */
  input: Readonly<Record<string, unknown>> | "pending";
  /** Inputs that are not known yet and may become only this without being asked about again. */
  bounds?: Bounds;
  /** How it is undone, in words; undefined: it cannot be undone. */
  undo?: string;
};

export type Vote = {
  by: string;
  person: string;
  via: string;
  at: Instant;
  decision: "approve" | "reject";
  /** Approved to stay: without the lease that would undo it. */
  keep?: true;
  reason?: string;
};

export type ApprovalStatus = "pending" | "approved" | "rejected" | "expired" | "withdrawn";

/** How long a grant waits for its first effect where nothing says so (section 14.7). */
export const VALID_FOR: Milliseconds = 15 * 60_000;

/** How long a grant of this request would wait; requests that are older than the setting have none. */
export function validFor({ policy }: { policy: { validFor?: Milliseconds } }): Milliseconds {
  return policy.validFor ?? VALID_FOR;
}

/** A request to people (document kind `approval`). Single use: it leaves `pending` once, by compare-and-set. */
export type Approval = {
  id: string;
  runId: string;
  incidentId?: string;
  playbook: string;
  /** Where the longer story stands, as the playbook says. */
  runbook?: string;
  target: string;
  severity: string;
  requestedBy: string;
  policy: ApprovalPolicy;
  /** Of the playbook text, targets, connection identities and rendered mutating steps. */
  digest: string;
  steps: readonly PlannedStep[];
  /** Facts and reasons: why it is asked. */
  why: readonly string[];
  status: ApprovalStatus;
  votes: readonly Vote[];
  /** It repeats what was undone a short while ago, so it can also be approved to be kept (section 14.9). */
  offersKeep?: true;
  requestedAt: Instant;
  expiresAt: Instant;
  remindedAt?: Instant;
  /** With a veto window: when it ends. Set once a channel has confirmed delivery. */
  vetoEndsAt?: Instant;
  decidedAt?: Instant;
};

/** Who chose to keep what was approved: everybody who approved it has to, else this is undefined and the lease stays. */
export function keptBy({ status, votes }: Approval): string | undefined {
  const yes = votes.filter((vote) => vote.decision === "approve");
  if (status !== "approved" || yes.length === 0 || !yes.every((vote) => vote.keep)) return undefined;
  return yes.map((vote) => vote.by).join(" and ");
}
