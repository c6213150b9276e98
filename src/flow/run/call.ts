import {
  type ActionContext,
  type ActionFailure,
  type ActionResult,
  type AnyAction,
  ClaimLost,
  type Output,
} from "../../core/action.ts";
import { AppError } from "../../core/errors.ts";
import { boundJson } from "../../core/json.ts";
import { cutText, redact, redactHead, redactText } from "../../core/redact.ts";
import type { StepPath } from "../../core/run/events.ts";
import type { Milliseconds } from "../../core/time.ts";
import { claimLeft, nowOf, type Turn } from "./turn.ts";

/** An action answers `run` and `poll` within this time. */
export const CALL_WITHIN = 30_000;
/** For an action to notice that its signal has ended the call. */
const GRACE = 1_000;
/** Output kept on the journal, per step. */
const OUTPUT_BYTES = 16 * 1024;
/** The part of a claim that must be left when a mutating call is written to the socket. */
const FENCE_MARGIN = 2 / 60;

/** Half of a claim at most, so that what a call leaves open can still be looked up and recorded within it. */
function callWithin(turn: Turn): Milliseconds {
  return Math.min(CALL_WITHIN, Math.floor(turn.deps.claimFor / 2));
}

/** One call of an action, at this step of the run; its signal ends it at the timeout, after 30 s, or when the worker must let go. */
export type Call = { uses: string; path: StepPath; timeout: Milliseconds };

function contextOf(turn: Turn, path: StepPath, signal: AbortSignal): ActionContext {
  const { deps } = turn;
  return {
    signal,
    stepKey: `${turn.run.created.id}/${path}`,
    dryRun: false,
    connections: deps.connections,
    now: nowOf(turn),
    log: deps.log,
    fence() {
      if (turn.signal.aborted || claimLeft(turn) < FENCE_MARGIN * deps.claimFor)
        throw new ClaimLost("the claim on this run has ended");
    },
  };
}

/** Calls an action; whatever happens becomes a result. A throw is a bug: logged with its stack, shown as `internal`. */
export async function callAction(
  turn: Turn,
  { uses, path, timeout }: Call,
  act: (context: ActionContext) => Promise<ActionResult>,
): Promise<ActionResult> {
  const limit = openLimit(turn, timeout);
  try {
    return bounded(await limit.within(act(contextOf(turn, path, limit.signal))));
  } catch (error) {
    if (error instanceof ClaimLost)
      return failure("claim_lost", "this worker's claim had ended; nothing was sent", "no");
    if (error instanceof CallHung)
      return failure("timeout", `${uses} did not answer within ${callWithin(turn) / 1000} s`, "unknown");
    if (error instanceof AppError) return failure("not_configured", error.message, "no");
    turn.deps.log.error({ err: error, action: uses, run: turn.run.created.id }, "an action threw");
    return failure("internal", `${uses}: internal error; the log has its stack`, "unknown");
  } finally {
    limit.close();
  }
}

class CallHung extends Error {
  override readonly name = "CallHung";
}

/** `within` answers as the call does, and throws CallHung when it does not in time. */
type Limit = { signal: AbortSignal; within<T>(call: Promise<T>): Promise<T>; close(): void };

/** By hand, since `AbortSignal.any` and `timeout` cost more than a step. An action that ignores its signal must not hold the run. */
function openLimit(turn: Turn, timeout: Milliseconds): Limit {
  const within = callWithin(turn);
  const first = Math.max(0, Math.floor(Math.min(timeout, within)));
  const controller = new AbortController();
  let giveUp = (_: Error): void => undefined;
  const letGo = (): void => controller.abort(turn.signal.reason);
  let timer = setTimeout(() => {
    controller.abort(new DOMException("the call took too long", "TimeoutError"));
    timer = setTimeout(() => giveUp(new CallHung("no answer")), within - first + GRACE).unref();
  }, first).unref();
  if (turn.signal.aborted) letGo();
  turn.signal.addEventListener("abort", letGo, { once: true });
  return {
    signal: controller.signal,
    within: (call) =>
      new Promise((resolve, reject) => {
        giveUp = reject;
        call.then(resolve, reject);
      }),
    close() {
      clearTimeout(timer);
      turn.signal.removeEventListener("abort", letGo);
    },
  };
}

function failure(reason: ActionFailure["reason"], message: string, sent: ActionFailure["sent"]): ActionFailure {
  return { ok: false, reason, message, retryable: sent === "no", sent };
}

function bounded(result: ActionResult): ActionResult {
  if (!result.ok) return { ...result, message: redactText(cutText(result.message, 4_000)).slice(0, 1_000) };
  return result.done ? { ...result, output: keepable(result.output) } : result;
}

/** Redacted and cut to what the journal keeps; what is much too large is measured, and only its head is redacted. */
export function keepable(output: Output): Output {
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes <= 4 * OUTPUT_BYTES) return boundJson(redact(output), OUTPUT_BYTES);
  const head = JSON.stringify(redactHead(output, OUTPUT_BYTES));
  return { truncated: true, bytes, head: head.slice(0, OUTPUT_BYTES / 2) };
}

/** The action that a step uses; loading has made sure that it exists. */
export function actionOf(turn: Turn, name: string): AnyAction | undefined {
  return turn.deps.actions.get(name);
}
