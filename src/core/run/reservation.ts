import { isUndo } from "./changed.ts";
import type { RunEvent } from "./events.ts";
import type { StepRecord } from "./run.ts";

/**
 * The budget that a run has reserved: `held` while its call is under way, `unsent` while one that never left is tried again,
 * `spent` from the first call on that was sent, or may have been. Absent: nothing is reserved (any more).
 */
export type Reservation = "held" | "unsent" | "spent";

/** The reservation after an event; `before` is the step as it was. Undoing reserves nothing. Pure. */
export function reservationAfter(
  reservation: Reservation | undefined,
  event: Extract<RunEvent, { type: "intent" | "started" | "outcome" | "skipped" }>,
  before: StepRecord | undefined,
): Reservation | undefined {
  if (reservation === "spent" || event.type === "skipped") return reservation;
  if (event.type === "intent") return event.effect === "read" || isUndo(event.path) ? reservation : "held";
  if (reservation === undefined || before?.state !== "intent" || isUndo(event.path)) return reservation;
  if (event.type === "started" || !event.unsent) return "spent";
  return event.retryAt === undefined ? undefined : "unsent";
}
