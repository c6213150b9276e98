import type { Effect, FailureReason, Output } from "../action.ts";
import type { Autonomy } from "../playbook/playbook.ts";
import type { AlertView } from "../scope.ts";
import type { Instant, Milliseconds } from "../time.ts";

/** A step's place: `redeploy`, `tree/1/scale` (second case), `rounds/2/set` (third round). Never a bare number. */
export type StepPath = string;

export type Outcome = "succeeded" | "failed" | "skipped" | "cancelled";

/** Why a run waits without holding a worker. */
export type WaitReason = "wait" | "retry" | "lock" | "concurrency" | "pause" | "rollout" | "round" | "verify";

/** What a run was created with; everything later is an event after it. */
export type RunCreated = {
  type: "created";
  at: Instant;
  id: string;
  playbook: string;
  /** Key of the stored playbook text (document kind `playbook`). */
  playbookDigest: string;
  /** Where the longer story stands, as the playbook says. */
  runbook?: string;
  incidentId?: string;
  opening: number;
  rung: number;
  trigger: "firing" | "recovered" | "manual" | "revert";
  by: string;
  severity: string;
  autonomy: Autonomy;
  target: string;
  alsoTargets: readonly string[];
  vars: Readonly<Record<string, unknown>>;
  facts: Readonly<Record<string, number | null>>;
  alert: AlertView;
  /** The stored alert that selected the playbook; absent when a person started it. */
  alertId?: string;
  alerts: readonly AlertView[];
  labels: Readonly<Record<string, string>>;
  incidentKey: string;
  /** Guards answer ask for these. */
  doubtful: boolean;
  truncated: boolean;
  /** Set when this run undoes a lease. */
  lease?: string;
  /** The lease whose end has started this playbook (`then: playbook:NAME`): it ends with the run's success. */
  ends?: string;
};

/** The journal of a run: append-only; `rev` of a run is its length. */
export type RunEvent =
  | RunCreated
  | { type: "facts"; at: Instant; facts: Readonly<Record<string, number | null>> }
  | { type: "branched"; at: Instant; path: StepPath; branch: number | "default" | "none" }
  | { type: "rounds"; at: Instant; path: StepPath; items: readonly unknown[] }
  | { type: "round"; at: Instant; path: StepPath; round: number; phase: "waiting" | "done" | "failed"; until?: Instant }
  | { type: "skipped"; at: Instant; path: StepPath; reason: string }
  | {
      type: "intent";
      at: Instant;
      path: StepPath;
      attempt: number;
      epoch: number;
      uses: string;
      effect: Effect;
      input: Readonly<Record<string, unknown>>;
      targets: readonly string[];
      before?: Output;
      /** The approval whose grant allows it; absent where nobody had to be asked. */
      approvalId?: string;
    }
  | {
      type: "started";
      at: Instant;
      path: StepPath;
      handle: Output;
      until: Instant;
      /** Why it had to be looked for at its target, where it was found under way. */
      message?: string;
      /** A read step has no intent; this says what was called. */
      uses?: string;
      input?: Readonly<Record<string, unknown>>;
      attempt?: number;
    }
  | {
      type: "outcome";
      at: Instant;
      path: StepPath;
      outcome: Outcome;
      /** A read step has no intent; its outcome says what was called. */
      uses?: string;
      input?: Readonly<Record<string, unknown>>;
      attempt?: number;
      output?: Output;
      reason?: FailureReason | "condition_unknown";
      message?: string;
      /** Its call was proven never sent. */
      unsent?: true;
      /** Nobody knows what its call came to; a repeat that succeeds settles it. */
      open?: true;
      /** Another attempt is due then. */
      retryAt?: Instant;
    }
  | { type: "waiting"; at: Instant; reason: WaitReason; path?: StepPath; until: Instant; detail?: string }
  | {
      type: "asked";
      at: Instant;
      approvalId: string;
      expiresAt: Instant;
      reason: string;
      /** It runs when nobody objects for so long. */
      veto?: Milliseconds;
      /** How long a grant waits for its first effect; journals that are older than the setting have none. */
      validFor?: Milliseconds;
      /** Step digests that the approval shows; a grant covers exactly these. */
      covers: readonly string[];
      /** Guards that answered ask and are shown; a grant satisfies exactly these. */
      guards: readonly string[];
      /** The steps that it shows, in their order; older journals do not name them. */
      ahead?: readonly { path: string; uses: string }[];
    }
  /** `keptBy`: who chose that the steps it covers get no lease. */
  | { type: "granted"; at: Instant; approvalId: string; by: string; validUntil: Instant; keptBy?: string }
  | {
      type: "refused";
      at: Instant;
      approvalId: string;
      by: string;
      how: "rejected" | "expired" | "withdrawn";
      reason: string;
    }
  | { type: "inbox"; at: Instant; taken: number }
  | { type: "unknown"; at: Instant; path: StepPath; question: string }
  | {
      type: "answered";
      at: Instant;
      path: StepPath;
      answer: "done" | "not-done" | "abort";
      by: string;
      /** What was given as the reason. */
      reason?: string;
    }
  | { type: "verifying"; at: Instant; path?: StepPath; until: Instant }
  /**
   * `until` moves the end of the verification, which stands still while paused or while nobody measures. `unwatched`: nobody has
   * measured for long before it, so what held then counts no more.
   */
  | {
      type: "checked";
      at: Instant;
      path?: StepPath;
      held: boolean | "unknown";
      values: readonly string[];
      until?: Instant;
      unwatched?: true;
    }
  /** `by`: who closed the incident; absent where its alerts ended. `handsOff`: it was taken over or paused, so nothing more is changed. */
  | { type: "resolved"; at: Instant; by?: string; handsOff?: true }
  /** `also`: what is undone beside that; older journals have none. */
  | ({ type: "reverting"; at: Instant; reason: string; also?: readonly Reach[] } & Reach)
  | { type: "cancelling"; at: Instant; by: string; reason: string }
  | { type: "ended"; at: Instant; state: EndState; reason: string; retryAt?: Instant };

/** What an undoing is about: the steps below `prefix`, or of these only those of `group`. */
export type Reach = { prefix: string; group?: string };

/** How a run can end. */
export type EndState = "succeeded" | "failed" | "cancelled" | "observed";

export type RunEventType = RunEvent["type"];
