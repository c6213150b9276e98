import type { Playbook } from "../playbook/playbook.ts";
import { inboxEvents } from "./inbox-events.ts";
import type { Move, MoveInputs } from "./move.ts";
import { moveAt } from "./move-at.ts";
import type { Run, StepRecord } from "./run.ts";
import { findStep } from "./steps.ts";
import { openGroup, undoMove } from "./undo-move.ts";
import { verifyMove } from "./verify-move.ts";
import { positionIn } from "./walk.ts";

/**
 * Decides the one thing a run does next. Pure: the same journal, playbook and inputs give the same move, so a repeated or
 * spurious wake-up changes nothing. It is total: every state of a run has a move.
 */
export function nextMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  if (run.ended) return { kind: "finish", state: run.ended.state, reason: run.ended.reason };
  const news = inboxEvents(run, inputs);
  if (news.length > 0) return { kind: "record", events: news };
  return settleOpenStep(run, playbook, inputs) ?? courseMove(run, playbook, inputs);
}

/** A call that is under way, or was when someone crashed, comes before everything else; a mere reading keeps no run from ending. */
function settleOpenStep(run: Run, playbook: Playbook, inputs: MoveInputs): Move | undefined {
  if (run.unknown) return { kind: "idle" };
  const useless = uselessReads(run, playbook);
  if (useless.length > 0) return { kind: "abandon", records: useless };
  for (const record of run.steps.values()) {
    const move = record.state === "done" ? undefined : openStepMove(record, playbook, inputs);
    if (move) return move;
  }
  return undefined;
}

function openStepMove(record: StepRecord, playbook: Playbook, inputs: MoveInputs): Move {
  const step = findStep(playbook.steps, record.path);
  const found = step === undefined ? {} : { step };
  if (record.state === "intent") return { kind: "reconcile", record, ...found };
  const until = record.until ?? inputs.now;
  if (inputs.now < until) return { kind: "wait", until, reason: "rollout", path: record.path };
  return { kind: "poll", record, ...found };
}

/** What is read, or asked of a person, for steps that a cancelled or resolved run does not take any more. */
function uselessReads(run: Run, playbook: Playbook): readonly StepRecord[] {
  if (!run.cancelling && !run.resolved) return [];
  const reads = [...run.steps.values()].filter(({ state, effect }) => state === "started" && effect === "read");
  if (run.cancelling || !run.mutated) return reads;
  return reads.filter(({ path }) => !isBegun(run, playbook, findStep(playbook.steps, path)?.group));
}

function courseMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  if (run.reverting) return undoMove(run, playbook, inputs);
  if (run.cancelling) return cancelMove(run, playbook, inputs.now, run.cancelling.reason);
  if (run.refused) return { kind: "finish", state: "cancelled", reason: refusedReason(run.refused) };
  if (run.resolved && !run.mutated) return { kind: "finish", state: "cancelled", reason: resolvedReason(run) };
  if (run.asked) return { kind: "idle" };
  if (run.waiting && isTimed(run.waiting.reason) && inputs.now < run.waiting.until) {
    const { since: _, ...waiting } = run.waiting;
    return { kind: "wait", ...waiting };
  }
  return stepMove(run, playbook, inputs);
}

/** A cancelled run keeps what it has changed, but never half of a group. */
function cancelMove(run: Run, playbook: Playbook, at: number, reason: string): Move {
  const group = openGroup(run, playbook);
  if (group === undefined) return { kind: "finish", state: "cancelled", reason };
  return { kind: "record", events: [{ type: "reverting", at, reason, prefix: "", group }] };
}

function stepMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  const position = positionIn(run, playbook.steps);
  const skipRest = run.resolved && !insideOpenGroup(run, playbook, position);
  if (position.kind === "failed") return failMove(run, playbook, inputs, position);
  if (position.kind !== "end" && !skipRest) return moveAt(run, position, inputs);
  if (run.created.autonomy === "observe")
    return { kind: "finish", state: "observed", reason: "observed: nothing was changed" };
  return verifyMove(run, playbook, inputs);
}

/** After a resolve only the steps that share a `group` with one that has run are still completed (section 7). */
function insideOpenGroup(run: Run, playbook: Playbook, position: ReturnType<typeof positionIn>): boolean {
  return position.kind === "action" && isBegun(run, playbook, position.step.group);
}

function isBegun(run: Run, playbook: Playbook, group: string | undefined): boolean {
  if (group === undefined) return false;
  return [...run.steps.values()].some(
    (record) => record.outcome === "succeeded" && findStep(playbook.steps, record.path)?.group === group,
  );
}

function failMove(run: Run, playbook: Playbook, inputs: MoveInputs, failed: { path: string; message: string }): Move {
  const round = run.rounds.get(failed.path);
  const at = inputs.now;
  const reason = `${failed.path}: ${failed.message}`;
  if (round)
    return { kind: "record", events: [{ type: "reverting", at, reason, prefix: `${failed.path}/${round.done}/` }] };
  if (playbook.onFailure.includes("revert") && run.mutated) {
    return { kind: "record", events: [{ type: "reverting", at, reason, prefix: "" }] };
  }
  const group = openGroup(run, playbook);
  if (group !== undefined) return { kind: "record", events: [{ type: "reverting", at, reason, prefix: "", group }] };
  return { kind: "finish", state: "failed", reason };
}

function resolvedReason({ closedBy }: Run): string {
  return closedBy === undefined ? "resolved: the alert ended first" : `resolved: ${closedBy} closed the incident`;
}

function refusedReason(refused: NonNullable<Run["refused"]>): string {
  return `${refused.how} by ${refused.by}${refused.reason === "" ? "" : `: ${refused.reason}`}`;
}

/** Waits that end by the clock; the others end when a guard allows, and are looked at on every wake-up. */
function isTimed(reason: NonNullable<Run["waiting"]>["reason"]): boolean {
  return reason === "wait" || reason === "retry" || reason === "round" || reason === "verify";
}
