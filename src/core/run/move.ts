import type { ActionTable, Effect } from "../action.ts";
import type { Connections } from "../connection.ts";
import type { ActionStep, Verify } from "../playbook/playbook.ts";
import type { Instant } from "../time.ts";
import type { EndState, RunEvent, StepPath, WaitReason } from "./events.ts";
import type { InboxItem } from "./inbox.ts";
import type { StepRecord } from "./run.ts";

/** A step whose input is rendered and that may be called as soon as the guards allow it. */
export type ReadyStep = {
  path: StepPath;
  step: ActionStep;
  uses: string;
  attempt: number;
  input: Readonly<Record<string, unknown>>;
  effect: Effect;
  targets: readonly string[];
  /** Where its connection leads, where the action goes through one. */
  place?: string;
  /** It undoes another step: exempt from freeze, budget, cooldown, autonomy and `stale` (section 14.9). */
  undo: boolean;
};

/** The one thing to do next. */
export type Move =
  /** Pure progress: only journal these. */
  | { kind: "record"; events: readonly RunEvent[] }
  | { kind: "measure"; facts: readonly string[] }
  /** More than one only for the read steps of a `parallel`. */
  | { kind: "execute"; steps: readonly ReadyStep[] }
  | { kind: "poll"; record: StepRecord; step?: ActionStep }
  /** Ends started steps whose answer is of no use any more; only of steps that read. */
  | { kind: "abandon"; records: readonly StepRecord[] }
  | { kind: "reconcile"; record: StepRecord }
  /** Nothing before `until`; `event` is journaled unless the run waits for the same thing already. */
  | { kind: "wait"; until: Instant; reason: WaitReason; path?: StepPath; detail?: string }
  | { kind: "check"; verify: Verify; path?: StepPath }
  /** Takes back what is asked: nobody has to answer it any more. */
  | { kind: "withdraw" }
  /** Waits for people; a decision wakes it. */
  | { kind: "idle" }
  | { kind: "finish"; state: EndState; reason: string; retryAt?: Instant };

/** What `nextMove` may look at besides the journal and the playbook. */
export type MoveInputs = {
  now: Instant;
  /** Epoch of the present claim: an intent of another epoch was left by a crash. */
  epoch: number;
  /** Not yet taken decisions. */
  inbox: readonly InboxItem[];
  actions: ActionTable;
  connections: Connections;
};
