import type { ActionFailure, ActionResult } from "../../core/action.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { stepOf } from "../../core/run/undo-move.ts";
import { returned } from "./budgets.ts";
import type { Progress, Soon } from "./progress.ts";
import { retryTime } from "./retry.ts";
import { saveOutcome } from "./save-outcome.ts";
import { type Extra, nowOf, type Turn, withEvents } from "./turn.ts";

/**
 * Journals what came of a mutating call; the lease of a step that succeeded is created in the same commit. `found` says why a
 * result was read at the target afterwards.
 */
export function recordResult(turn: Turn, path: string, result: ActionResult, found?: string): Soon<Progress> {
  const at = nowOf(turn);
  if (result.ok && !result.done) {
    return saveOutcome(
      withEvents(turn, [
        { type: "started", at, path, handle: result.handle, until: at + result.pollAfter, ...told("found", found) },
      ]),
      {},
    );
  }
  if (!result.ok) return recordFailure(turn, path, result);
  const next = withEvents(turn, [
    { type: "outcome", at, path, outcome: "succeeded", output: result.output, ...told("found done", found) },
  ]);
  return { kind: "go-on", turn: { ...next, holdsOutcome: true } };
}

/** Journals that a call has failed for good or until its next attempt; `extra` goes with it. */
export async function recordFailure(
  turn: Turn,
  path: string,
  failure: ActionFailure,
  extra: Extra = {},
): Promise<Progress> {
  const next = withEvents(turn, [failedAt(turn, path, failure)]);
  const isReturned = turn.run.reservation !== undefined && next.run.reservation === undefined;
  const writes = [...(isReturned ? returned(turn) : []), ...(extra.writes ?? [])];
  return saveOutcome(next, { ...extra, writes });
}

function told(what: string, found: string | undefined): { message?: string } {
  return found === undefined ? {} : { message: `${what} at its target; ${found}` };
}

function failedAt(turn: Turn, path: string, result: ActionFailure): RunEvent {
  const record = turn.run.steps.get(path);
  const retryAt = record ? retryTime(stepOf(turn.playbook, record), record, result, nowOf(turn)) : {};
  return {
    type: "outcome",
    at: nowOf(turn),
    path,
    outcome: "failed",
    reason: result.reason,
    message: result.message,
    ...(result.sent === "no" ? { unsent: true as const } : {}),
    ...retryAt,
  };
}
