import type { ActionFailure } from "../core/action.ts";
import { failure } from "./failure.ts";

/** A change that started and did not come to its end: known, and nothing that asking again would mend. */
export function ended(reason: "target_failed" | "superseded" | "not_found", message: string): ActionFailure {
  return failure(reason, message, { sent: "refused" });
}
