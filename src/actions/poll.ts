import type { ActionFailure } from "../core/action.ts";
import { failure } from "./failure.ts";

/** A change that started and did not come to its end: known, and nothing that asking again would mend. */
export function ended(reason: "target_failed" | "superseded" | "not_found", message: string): ActionFailure {
  return failure(reason, message, { sent: "refused" });
}

/**
 * What `reconcile` says where the target carries the step's mark but another value, the former one included: the mark is stored
 * together with the value, so it was written, and somebody has replaced it since. Repeating it would undo what they did.
 */
export function replaced(act: string, present: string): { verdict: "done"; result: ActionFailure } {
  const message = `${act}: it was set, but somebody has changed it to ${present} since`;
  return { verdict: "done", result: ended("superseded", message) };
}
