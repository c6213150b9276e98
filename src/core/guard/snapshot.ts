import type { Effect } from "../action.ts";
import type { Autonomy, BudgetWindow } from "../playbook/playbook.ts";
import type { Pause } from "../store.ts";
import type { Instant, Milliseconds } from "../time.ts";

/** An input that could not be read: the guard that needs it denies (closed to act). */
export type Unreadable = { unreadable: string };

/** Everything the guards look at, read immediately before one mutating step. */
export type GuardSnapshot = {
  now: Instant;
  effect: Effect;
  autonomy: Autonomy;
  /** What has lowered it, for people; absent where it is the playbook's own. */
  autonomyWhy?: string;
  /** It undoes another step: most guards do not apply (section 14.9). */
  undo: boolean;
  /** Its alert has ended, and what it still does completes a group that has begun (section 7). */
  completing: boolean;
  targets: readonly string[];
  /** `target` and `also-targets` of the run, canonical. */
  declared: readonly string[];
  maxTargets: number;
  /** True once the run has reserved its budget. */
  reserved: boolean;
  runId: string;
  pauses: readonly Pause[] | Unreadable;
  /** Pause scopes that cover this step. */
  scopes: readonly string[];
  freeze: readonly { reason: string; until: Instant }[] | Unreadable;
  locks: Readonly<Record<string, string>> | Unreadable;
  cooldown: Milliseconds | Unreadable;
  budgets: readonly { name: string; window: BudgetWindow; spent: number }[] | Unreadable;
  running: { count: number; limit: number } | Unreadable;
  fleet: { alerting: number; known: number; fraction: number; min: number } | Unreadable;
  flapping: { changes: number; limit: number; per: Milliseconds } | Unreadable;
  /** Whether an alert that asks for this run still fires; undefined for runs that no firing alert has started. */
  firing: boolean | undefined | Unreadable;
  /** What it restores after a recovery, and its incident fires again. */
  reopened: boolean | Unreadable;
  /** The same mitigation was undone on this target within `reopen-within`. */
  undoneRecently: boolean | Unreadable;
  doubtful: boolean;
  truncated: boolean;
  /** The step's own `approval`, whose unknown `ask-unless` asks, and an input outside of its `bounded-by`. */
  stepAsks: string | undefined;
};

/** `wait` is looked at again on later wake-ups, at most 10 min for lock and concurrency; `deny` ends the run. */
export type GuardAnswer =
  | { answer: "allow" }
  | { answer: "ask"; reason: string }
  | { answer: "wait"; reason: string; for: "pause" | "lock" | "concurrency" }
  /** `until`: the denial is over then. */
  | { answer: "deny"; reason: string; until?: Instant };

export type GuardName =
  | "pause"
  | "freeze"
  | "blast-radius"
  | "scope"
  | "stale"
  | "reopened"
  | "cooldown"
  | "budget"
  | "fleet"
  | "flapping"
  | "truncated"
  | "doubtful"
  | "relapse"
  | "step"
  | "autonomy"
  | "destructive"
  | "lock"
  | "concurrency";

export type Guard = { name: GuardName; evaluate(snapshot: GuardSnapshot): GuardAnswer };

/** Narrows away an input that could not be read. */
export function isUnreadable(value: unknown): value is Unreadable {
  return typeof value === "object" && value !== null && "unreadable" in value;
}
