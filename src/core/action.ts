import type { z } from "zod";
import type { ConnectionKind, Connections } from "./connection.ts";
import type { Instant, Milliseconds } from "./time.ts";

/** What an action does to the world. */
export const EFFECTS = ["read", "reversible", "disruptive", "destructive"] as const;
export type Effect = (typeof EFFECTS)[number];

/** Why an action failed: a closed set, used as a metric label. */
export const FAILURE_REASONS = [
  "invalid_input",
  "not_found",
  "denied",
  "conflict",
  "throttled",
  "timeout",
  "unreachable",
  "bad_response",
  "target_failed",
  "superseded",
  "refused",
  "not_configured",
  "claim_lost",
  "internal",
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/**
 * An action's failure. `sent` says what is known of a mutating call: `no` it never left, `refused` the target definitively
 * declined it, `unknown` it may have taken effect (a timeout, a broken connection): then only `reconcile` can tell.
 */
export type ActionFailure = {
  ok: false;
  reason: FailureReason;
  /** The act and what to do: `redeploying prod/litellm: access denied; grant ecs:UpdateService on the service`. */
  message: string;
  retryable: boolean;
  sent: "no" | "refused" | "unknown";
};

export type Output = Readonly<Record<string, unknown>>;

/** Finished, or started with a handle that `poll` reads later. Handles are JSON and hold no secret. */
export type ActionResult<O extends Output = Output> =
  | { ok: true; done: true; output: O }
  | { ok: true; done: false; handle: Output; pollAfter: Milliseconds }
  | ActionFailure;

/** What an action gets besides its input. */
export type ActionContext = {
  signal: AbortSignal;
  /** Run id + step path + round, without the attempt; put it where the target can hold it. */
  stepKey: string;
  /** Use the target's own dry run, or only reads. */
  dryRun: boolean;
  connections: Connections;
  now: Instant;
  log: { debug(fields: object, message: string): void; warn(fields: object, message: string): void };
  /**
   * To be called immediately before the socket write of a mutating call.
   * @throws ClaimLost when this worker's claim has passed its deadline on the monotonic clock: nothing may be sent then.
   */
  fence(): void;
};

/** What the journal recorded before the call; `before` is what `prepare` read then. */
export type Intent = { at: Instant; attempt: number; before?: Output };

/** Thrown by `fence`; the engine turns it into `claim_lost` with `sent: "no"`. */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** The step that undoes one: an action's name and its input. */
export type Undo = { uses: string; with: Readonly<Record<string, unknown>> };

/**
 * An action: the code that a step `uses`. Plain object; a folder's `index.ts` lists them. Input and output keys are camelCase.
 * `run` and `poll` answer within 30 s; they return failures and throw only for bugs.
 */
export type Action<I = Readonly<Record<string, unknown>>, O extends Output = Output> = {
  name: string;
  effect: Effect | ((input: I) => Effect);
  /** The kind of connection it goes through; its input may name one in `connection`. */
  connection?: ConnectionKind;
  /**
   * What the configuration of that connection refuses of an input as far as it is known, by the input's keys: when a playbook is loaded,
   * and before anybody is asked.
   */
  faults?(
    written: Readonly<Record<string, unknown>>,
    connections: Connections,
  ): readonly { key: string; message: string }[];
  input: z.ZodType<I>;
  output: z.ZodType<O>;
  /** Canonical lock keys of what is touched: `ecs:cluster/service`, `k8s:context/ns/kind/name`, `redis:name`. Empty for reads. */
  targets(input: I, connections: Connections): readonly string[];
  /** Plain words, shown before approval: `force a new deployment of prod/litellm`. */
  describe(input: I): string;
  /** Reads, before the intent is journaled, what `reconcile` and `revert` need (the value before, the primary deployment id). */
  prepare?(input: I, ctx: ActionContext): Promise<{ ok: true; before: Output } | ActionFailure>;
  /**
   * Where an input can be relative to what the target has (`+1`): whether this one is, and the same made absolute by what `prepare` read,
   * with that as precondition. People are shown and agree to the absolute one.
   */
  relative?: { isIn(input: I): boolean; resolve(input: I, before: Output): I };
  run(input: I, ctx: ActionContext, before?: Output): Promise<ActionResult<O>>;
  poll?(handle: Output, ctx: ActionContext): Promise<ActionResult<O>>;
  /**
   * After a crash, by reading the target only. `done` carries the output, or the handle to poll on. `repeatable`: nothing tells what
   * became of the call, but the target takes a repeat of it once.
   */
  reconcile?(
    input: I,
    ctx: ActionContext,
    intent: Intent,
  ): Promise<
    { verdict: "done"; result: ActionResult<O> } | { verdict: "not-done" | "repeatable" | "unknown"; detail: string }
  >;
  /** It tells people something and changes nothing else: not called in `observe`. */
  tells?: boolean;
  /** True when the call carries a precondition or a key that the target deduplicates: only then is `not-done` or `repeatable` retried. */
  conditional?: boolean;
  /** The output it would have given, for a call that a person says took effect; `before` is what `prepare` had read. */
  assume?(input: I, before: Output | undefined): O;
  /** The step that undoes it, or undefined when there is nothing to undo. */
  revert?(input: I, output: O): Undo | undefined;
};

/** An action whose input and output types are forgotten; `defineAction` makes it check its input itself. */
export type AnyAction = Action<Readonly<Record<string, unknown>>, Output>;

/** Checks shape at compile time and forgets the types, so that a folder's table can hold every action. */
export function defineAction<I, O extends Output>(action: Action<I, O>): AnyAction {
  return action as unknown as AnyAction;
}

/** Name → action, as composed by `actions/index.ts`. */
export type ActionTable = ReadonlyMap<string, AnyAction>;
