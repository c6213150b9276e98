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
import { redact, redactText } from "../../core/redact.ts";
import type { StepPath } from "../../core/run/events.ts";
import type { Milliseconds } from "../../core/time.ts";
import { claimLeft, nowOf, type Turn } from "./turn.ts";

/** An action answers `run` and `poll` within this time. */
export const CALL_WITHIN = 30_000;
/** Output kept on the journal, per step. */
const OUTPUT_BYTES = 16 * 1024;
/** The part of a claim that must be left when a mutating call is written to the socket. */
const FENCE_MARGIN = 2 / 60;

/** Half of a claim at most, so that what a call leaves open can still be looked up and recorded within it. */
function callWithin(turn: Turn): Milliseconds {
  return Math.min(CALL_WITHIN, Math.floor(turn.deps.claimFor / 2));
}

/** What an action gets for one call; the signal ends it at the step's timeout, after 30 s, or when the worker must let go. */
export function contextFor(turn: Turn, path: StepPath, timeout: Milliseconds): ActionContext {
  const { deps } = turn;
  const within = Math.max(0, Math.floor(Math.min(timeout, callWithin(turn))));
  return {
    signal: AbortSignal.any([turn.signal, AbortSignal.timeout(within)]),
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
export async function callAction(turn: Turn, name: string, call: () => Promise<ActionResult>): Promise<ActionResult> {
  try {
    return bounded(await withinLimit(call(), callWithin(turn)));
  } catch (error) {
    if (error instanceof ClaimLost)
      return failure("claim_lost", "this worker's claim had ended; nothing was sent", "no");
    if (error instanceof CallHung)
      return failure("timeout", `${name} did not answer within ${callWithin(turn) / 1000} s`, "unknown");
    if (error instanceof AppError) return failure("not_configured", error.message, "no");
    turn.deps.log.error({ err: error, action: name, run: turn.run.created.id }, "an action threw");
    return failure("internal", `${name}: internal error; the log has its stack`, "unknown");
  }
}

class CallHung extends Error {
  override readonly name = "CallHung";
}

/** An action that ignores its signal must not hold the run. */
async function withinLimit<T>(call: Promise<T>, within: Milliseconds): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CallHung("no answer")), within + 1_000);
    timer.unref();
  });
  try {
    return await Promise.race([call, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function failure(reason: ActionFailure["reason"], message: string, sent: ActionFailure["sent"]): ActionFailure {
  return { ok: false, reason, message, retryable: sent === "no", sent };
}

function bounded(result: ActionResult): ActionResult {
  if (!result.ok) return { ...result, message: redactText(result.message).slice(0, 1_000) };
  return result.done ? { ...result, output: keepable(result.output) } : result;
}

/** Redacted and cut to what the journal keeps. */
export function keepable(output: Output): Output {
  return boundJson(redact(output), OUTPUT_BYTES);
}

/** The action that a step uses; loading has made sure that it exists. */
export function actionOf(turn: Turn, name: string): AnyAction | undefined {
  return turn.deps.actions.get(name);
}
