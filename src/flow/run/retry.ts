import type { ActionFailure, Effect } from "../../core/action.ts";
import type { ActionStep } from "../../core/playbook/playbook.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";

/** Attempts beyond a step's own for calls that a worker could not make because its time was over. */
const HANDED_OVER = 3;

/**
 * When the next attempt is due; empty when there is none. A mutating step is retried only when its call is known not to have
 * taken effect (section 14.2): never sent, or definitively refused.
 */
export function retryTime(
  step: ActionStep | undefined,
  call: { attempt: number; effect: Effect },
  failure: Pick<ActionFailure, "retryable" | "sent" | "reason">,
  now: Instant,
): { retryAt?: Instant } {
  const { attempt, effect } = call;
  if (!step || (effect !== "read" && failure.sent === "unknown")) return {};
  if (failure.reason === "claim_lost" && attempt < step.retry.attempts + HANDED_OVER) return { retryAt: now };
  if (!failure.retryable || attempt >= step.retry.attempts) return {};
  return { retryAt: now + retryDelay(step, attempt) };
}

/** How long a step rests after an attempt, the first one being 1. */
export function retryDelay({ retry }: Pick<ActionStep, "retry">, attempt: number): Milliseconds {
  return retry.delay * (retry.backoff === "exponential" ? 2 ** (attempt - 1) : 1);
}
