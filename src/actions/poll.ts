import type { ActionContext, ActionFailure, ActionResult, Output } from "../core/action.ts";
import type { Milliseconds } from "../core/time.ts";
import { failure } from "./failure.ts";

/** How many reads in a row may fail before a started change is given up as unknown. */
const MISSES_ALLOWED = 5;

/**
 * What a poll answers when its read failed: poll again, because the change itself goes on without us. After five misses in a row, or
 * for a failure that will not pass, the change's outcome is unknown.
 */
export function afterMiss<H extends Output & { misses: number }>(
  missed: ActionFailure,
  handle: H,
  ctx: ActionContext,
  pollAfter: Milliseconds,
): ActionResult<never> {
  const misses = handle.misses + 1;
  if (!missed.retryable || misses >= MISSES_ALLOWED)
    return failure(missed.reason, `${missed.message}; the change was started, its end is not known`, {
      sent: "unknown",
    });
  ctx.log.warn({ reason: missed.reason, misses }, "reading the state of a started change failed; reading again");
  return { ok: true, done: false, handle: { ...handle, misses }, pollAfter };
}

/** A change that started and did not come to its end: known, and nothing that asking again would mend. */
export function ended(reason: "target_failed" | "superseded" | "not_found", message: string): ActionFailure {
  return failure(reason, message, { sent: "refused" });
}
