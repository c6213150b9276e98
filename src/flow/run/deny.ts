import type { GuardName } from "../../core/guard/snapshot.ts";
import { isUndo } from "../../core/run/changed.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { undoingAfter } from "../../core/run/groups.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import type { Instant } from "../../core/time.ts";
import { finishRun } from "./finish.ts";
import type { Progress } from "./progress.ts";
import { endRestoring } from "./restoring.ts";
import { nowOf, type Turn, withEvents } from "./turn.ts";

/** A denial ends the run `cancelled` with `denied.GUARD`; if it has changed things already, it ends `failed` and says so. */
export async function denyRun(
  turn: Turn,
  ready: ReadyStep,
  denial: { guard: GuardName; reason: string; kind: "deny"; until?: Instant },
): Promise<Progress> {
  if (denial.guard === "reopened") return endRestoring(turn, ready.path);
  const reason = `denied.${denial.guard}: ${denial.reason}`;
  const { open } = turn.run.steps.get(ready.path) ?? {};
  if (open || isUndo(ready.path))
    return { kind: "go-on", turn: withEvents(turn, [deniedStep(turn, ready.path, reason)]) };
  const why = { at: nowOf(turn), reason };
  const undoing = ready.undo ? undefined : undoingAfter(turn.run, turn.playbook, ready.path, why);
  if (undoing) return { kind: "go-on", turn: withEvents(turn, [undoing]) };
  const retryAt = denial.until === undefined ? {} : { retryAt: denial.until };
  return finishRun(turn, { kind: "finish", state: turn.run.mutated ? "failed" : "cancelled", reason, ...retryAt });
}

/** The alert has ended and its message is still on the way: no denial, but what it will say (section 7, Resolved). */
export function resolveRun(turn: Turn): Progress {
  return { kind: "go-on", turn: withEvents(turn, [{ type: "resolved", at: nowOf(turn) }]) };
}

/** What was changed, or may have been, is still in force; the run ends with that, or asks, and people are called. */
function deniedStep(turn: Turn, path: string, message: string): RunEvent {
  return { type: "outcome", at: nowOf(turn), path, outcome: "failed", reason: "denied", message };
}

/** `observe`: what would be done goes on the timeline, and nothing is called. */
export function skipObserved(turn: Turn, ready: ReadyStep): Progress {
  const would = turn.deps.actions.get(ready.uses)?.describe(ready.input) ?? ready.uses;
  return {
    kind: "go-on",
    turn: withEvents(turn, [
      { type: "skipped", at: nowOf(turn), path: ready.path, reason: `observe: it would ${would}` },
    ]),
  };
}
