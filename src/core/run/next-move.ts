import type { Playbook } from "../playbook/playbook.ts";
import { groupsUndoing, openGroups, undoingAfter, undoingBelow } from "./groups.ts";
import { inboxEvents } from "./inbox-events.ts";
import type { Move, MoveInputs } from "./move.ts";
import { moveAt, type Open } from "./move-at.ts";
import { askWhereOpen } from "./open-outcome.ts";
import { resolvedMove, uselessWhenResolved } from "./resolved-move.ts";
import { tooManyRounds } from "./rounds.ts";
import type { Run, StepRecord } from "./run.ts";
import { stepOf, undoMove } from "./undo-move.ts";
import { verifyMove } from "./verify-move.ts";
import { type Position, positionIn } from "./walk.ts";

/**
 * Decides the one thing a run does next. Pure: the same journal, playbook and inputs give the same move, so a repeated or
 * spurious wake-up changes nothing. It is total: every state of a run has a move.
 */
export function nextMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  if (run.ended) return { kind: "finish", state: run.ended.state, reason: run.ended.reason };
  const news = inboxEvents(run, inputs);
  if (news.length > 0) return { kind: "record", events: news };
  return settleOpenStep(run, playbook, inputs) ?? askWhereOpen(run, courseMove(run, playbook, inputs), inputs);
}

/** A call that is under way, or was when someone crashed, comes before everything else; a mere reading keeps no run from ending. */
function settleOpenStep(run: Run, playbook: Playbook, inputs: MoveInputs): Move | undefined {
  if (run.unknown) return { kind: "idle" };
  const useless = uselessReads(run, playbook, inputs);
  if (useless.length > 0) return { kind: "abandon", records: useless };
  for (const record of run.steps.values()) {
    const move = record.state === "done" ? undefined : openStepMove(record, playbook, inputs);
    if (move) return move;
  }
  return undefined;
}

function openStepMove(record: StepRecord, playbook: Playbook, inputs: MoveInputs): Move {
  if (record.state === "intent") return { kind: "reconcile", record };
  const until = record.until ?? inputs.now;
  if (inputs.now < until) return { kind: "wait", until, reason: "rollout", path: record.path };
  const step = stepOf(playbook, record);
  return { kind: "poll", record, ...(step && { step }) };
}

/** What is read, or asked of a person, for steps that a cancelled or resolved run does not take any more. */
function uselessReads(run: Run, playbook: Playbook, inputs: MoveInputs): readonly StepRecord[] {
  if (!run.cancelling && !run.resolved) return [];
  const reads = [...run.steps.values()].filter(({ state, effect }) => state === "started" && effect === "read");
  return run.cancelling || reads.length === 0 ? reads : uselessWhenResolved(run, playbook, reads, inputs);
}

function courseMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  if (run.handsOff) return { kind: "finish", state: "cancelled", reason: handsOffReason(run) };
  if (run.reverting) return undoMove(run, playbook, inputs);
  const position = positionIn(run, playbook.steps);
  if (run.cancelling) return cancelMove(run, playbook, position, { at: inputs.now, reason: run.cancelling.reason });
  if (run.refused && !isOver(run, playbook)) {
    const reason = refusedReason(run.refused);
    return refusedMove(run, playbook, position, { at: inputs.now, reason });
  }
  const last = run.resolved ? resolvedMove(run, playbook, position, inputs) : undefined;
  if (last) return last;
  if (run.asked) return { kind: "idle" };
  if (run.waiting && isTimed(run.waiting.reason) && inputs.now < run.waiting.until) {
    const { since: _, ...waiting } = run.waiting;
    return { kind: "wait", ...waiting };
  }
  return stepMove(run, playbook, position, inputs);
}

/** A cancelled run keeps what it has changed, but never half of a group; one that has undone a lease by then was cancelled too late. */
function cancelMove(run: Run, playbook: Playbook, position: Position, why: { at: number; reason: string }): Move {
  const undoing = groupsUndoing(run, playbook, why);
  if (undoing) return { kind: "record", events: [undoing] };
  if (hasEndedLease(run, playbook, position))
    return { kind: "finish", state: "succeeded", reason: `its call had begun when it was ${why.reason}` };
  return { kind: "finish", state: "cancelled", reason: why.reason };
}

/** Whether a run that ends a lease has done all of that, and there is nothing to measure. */
function hasEndedLease({ created, mutated, steps }: Run, { verify }: Playbook, { kind }: Position): boolean {
  if ((created.lease ?? created.ends) === undefined || !mutated || verify !== undefined) return false;
  return kind === "end" && [...steps.values()].every(({ outcome }) => outcome !== "cancelled");
}

/** The alert has ended, what was changed is whole, and a refusal of more is no reason to undo it. */
function isOver(run: Run, playbook: Playbook): boolean {
  return run.resolved && run.mutated && openGroups(run, playbook).length === 0;
}

/**
 * A refusal is a failure of the run: what it has changed goes back where `on-failure` says so, and half a group or half a round always.
 */
function refusedMove(run: Run, playbook: Playbook, position: Position, why: { at: number; reason: string }): Move {
  const undoing = undoingAfter(run, playbook, position.kind === "end" ? "" : position.path, why);
  if (undoing) return { kind: "record", events: [undoing] };
  return { kind: "finish", state: "cancelled", reason: why.reason };
}

function stepMove(run: Run, playbook: Playbook, position: Position, inputs: MoveInputs): Move {
  if (position.kind === "failed") return failMove(run, playbook, inputs, position);
  if (position.kind !== "end") return boundMove(run, playbook, position, inputs) ?? moveAt(run, position, inputs);
  if (run.created.autonomy === "observe")
    return { kind: "finish", state: "observed", reason: "observed: nothing was changed" };
  return verifyMove(run, playbook, inputs);
}

/** Rounds are counted before the first change and at every loop, so that nested ones cannot make a run endless. */
function boundMove(run: Run, playbook: Playbook, { kind, path }: Open, inputs: MoveInputs): Move | undefined {
  if (run.mutated && kind !== "rounds") return undefined;
  const message = tooManyRounds(run, playbook.steps, inputs.now);
  if (message === undefined) return undefined;
  if (!run.mutated) return { kind: "finish", state: "failed", reason: `too_many_rounds: ${message}` };
  return {
    kind: "record",
    events: [{ type: "outcome", at: inputs.now, path, outcome: "failed", reason: "invalid_input", message }],
  };
}

function failMove(
  run: Run,
  playbook: Playbook,
  inputs: MoveInputs,
  failed: Extract<Position, { kind: "failed" }>,
): Move {
  const round = run.rounds.get(failed.path);
  const at = inputs.now;
  const code = failed.record?.reason === "condition_unknown" ? "condition_unknown: " : "";
  const reason = `${code}${failed.path}: ${failed.message}`;
  if (round) {
    const prefix = `${failed.path}/${round.done}/`;
    return { kind: "record", events: [undoingBelow(run, playbook, prefix, { at, reason })] };
  }
  const undoing = undoingAfter(run, playbook, failed.path, { at, reason });
  return undoing ? { kind: "record", events: [undoing] } : { kind: "finish", state: "failed", reason };
}

function handsOffReason({ closedBy = "somebody", mutated }: Run): string {
  const stays = mutated ? "; what it has changed and not undone stays" : "";
  return `resolved: ${closedBy} closed the incident that was in people's hands${stays}`;
}

function refusedReason(refused: NonNullable<Run["refused"]>): string {
  return `${refused.how} by ${refused.by}${refused.reason === "" ? "" : `: ${refused.reason}`}`;
}

/** Waits that end by the clock; the others end when a guard allows, and are looked at on every wake-up. */
function isTimed(reason: NonNullable<Run["waiting"]>["reason"]): boolean {
  return reason === "wait" || reason === "retry" || reason === "round" || reason === "verify";
}
