import type { ActionStep, Playbook } from "../playbook/playbook.ts";
import { hasChanged, isUndo, messageOf, undoingOf, undoPath } from "./changed.ts";
import type { Reach } from "./events.ts";
import type { Move, MoveInputs, ReadyStep } from "./move.ts";
import type { Run, StepRecord } from "./run.ts";
import { findStep } from "./steps.ts";

/** Begins the reason of a run whose undoing has failed: what it changed is still in force, and people are called. */
export const REVERT_FAILED = "revert_failed";

/** A constant step, for undoing: its input is known and needs no expression. */
export function constantStep(id: string, uses: string, input: Readonly<Record<string, unknown>>): ActionStep {
  return {
    kind: "action",
    id,
    uses,
    with: { text: "", reads: [], render: () => ({ known: true, value: input }) },
    timeout: 10 * 60_000,
    retry: { attempts: 3, delay: 5_000, backoff: "exponential" },
    continueOnError: false,
  };
}

/** The step that a record is of. An undoing goes by its own terms, not by those of the step that it undoes. */
export function stepOf({ steps }: Playbook, { path, uses, input }: StepRecord): ActionStep | undefined {
  return isUndo(path) ? constantStep(path, uses, input) : findStep(steps, path);
}

/** Undoes what was changed below the prefix, latest first; a revert that fails ends the run, and people are told. */
export function undoMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  const changed = toUndo(run, playbook);
  const lost = lostOf(run, playbook, inputs);
  for (const record of changed) {
    const move = undoOne(run, record, inputs);
    if (move === "failed")
      return { kind: "finish", state: "failed", reason: failedReason(run, record, [...changed, ...lost]) };
    if (move) return move;
  }
  if (lost.length > 0) return { kind: "finish", state: "failed", reason: lostReason(run, lost, changed) };
  const state = run.cancelling || run.refused ? "cancelled" : "failed";
  return { kind: "finish", state, reason: `${whyUndone(run)}; ${resultOf(run, changed, inputs)}` };
}

/**
 * Every step that the undoing is about: it has changed the world, whatever its rollout came to. Latest first. What has begun to be
 * undone is among them, whatever the playbook tells by now.
 */
function toUndo(run: Run, playbook: Playbook): readonly StepRecord[] {
  const reaches = reachesOf(run);
  const isMeant = ({ path }: StepRecord): boolean =>
    run.steps.has(undoPath(path)) ||
    reaches.some(
      ({ prefix, group }) =>
        path.startsWith(prefix) && (group === undefined || findStep(playbook.steps, path)?.group === group),
    );
  return [...run.steps.values()].filter((record) => hasChanged(record) && isMeant(record)).reverse();
}

function reachesOf({ reverting }: Run): readonly Reach[] {
  return reverting ? [reverting, ...(reverting.also ?? [])] : [{ prefix: "" }];
}

/** What is in force where a group was to be undone and the playbook does not tell any more whether it belongs to it. */
function lostOf(run: Run, { steps }: Playbook, { actions }: MoveInputs): readonly StepRecord[] {
  const grouped = reachesOf(run).filter(({ group }) => group !== undefined);
  return [...run.steps.values()].filter(
    (record) =>
      hasChanged(record) &&
      !run.steps.has(undoPath(record.path)) &&
      grouped.some(({ prefix }) => record.path.startsWith(prefix)) &&
      findStep(steps, record.path) === undefined &&
      undoingOf(record, actions).kind !== "nothing",
  );
}

function lostReason(run: Run, lost: readonly StepRecord[], changed: readonly StepRecord[]): string {
  const why = "its playbook cannot be read any more, so which steps belong together is not known";
  const undone = changed.filter((one) => isUndone(run, one));
  const back = undone.length > 0 ? `; reverted: ${pathsOf(undone)}` : "";
  return `${REVERT_FAILED}: ${why} (undone because ${whyUndone(run)})${back}; still as changed: ${pathsOf(lost)}`;
}

function whyUndone(run: Run): string {
  return run.cancelling?.reason ?? run.reverting?.reason ?? "";
}

function isUndone(run: Run, { path }: StepRecord): boolean {
  return run.steps.get(undoPath(path))?.outcome === "succeeded";
}

/** What was undone and what could not be, of everything that was changed. */
function resultOf(run: Run, changed: readonly StepRecord[], { actions }: MoveInputs): string {
  const undone = changed.filter((record) => isUndone(run, record));
  const left = changed.filter((record) => !isUndone(run, record) && undoingOf(record, actions).kind !== "nothing");
  const parts = [
    ...(undone.length > 0 ? [`reverted: ${pathsOf(undone)}`] : []),
    ...(left.length > 0 ? [`cannot be undone: ${pathsOf(left)}`] : []),
  ];
  return parts.length > 0 ? parts.join("; ") : "there was nothing to undo";
}

function failedReason(run: Run, record: StepRecord, changed: readonly StepRecord[]): string {
  const { message = "failed" } = run.steps.get(undoPath(record.path)) ?? {};
  const undone = changed.filter((one) => isUndone(run, one));
  const left = changed.filter((one) => !isUndone(run, one));
  const back = undone.length > 0 ? `; reverted: ${pathsOf(undone)}` : "";
  const why = `${undoPath(record.path)}: ${message} (undone because ${whyUndone(run)})`;
  return `${REVERT_FAILED}: ${why}${back}; still as changed: ${pathsOf(left)}`;
}

function pathsOf(records: readonly StepRecord[]): string {
  return records.map(({ path }) => path).join(", ");
}

/** Undefined when nothing is left to do for this step. */
function undoOne(run: Run, record: StepRecord, inputs: MoveInputs): Move | "failed" | undefined {
  const path = undoPath(record.path);
  const done = run.steps.get(path);
  if (done?.outcome === "succeeded" || done?.outcome === "skipped") return undefined;
  if (done && done.retryAt === undefined) return "failed";
  const undoing = undoingOf(record, inputs.actions);
  if (undoing.kind === "nothing" || undoing.kind === "irreversible") return undefined;
  if (undoing.kind === "fault") return faultMove(path, undoing.why, inputs);
  if (done?.retryAt !== undefined && inputs.now < done.retryAt)
    return { kind: "wait", until: done.retryAt, reason: "retry", path };
  try {
    return { kind: "execute", steps: [readyUndo(path, undoing.undo, (done?.attempt ?? 0) + 1, inputs)] };
  } catch (error) {
    return faultMove(path, messageOf(error), inputs);
  }
}

/** @throws what the action throws that names its targets: a connection may have been removed meanwhile. */
function readyUndo(
  path: string,
  { uses, with: input }: { uses: string; with: Readonly<Record<string, unknown>> },
  attempt: number,
  { actions, connections }: MoveInputs,
): ReadyStep {
  const action = actions.get(uses);
  const effect = typeof action?.effect === "function" ? action.effect(input) : (action?.effect ?? "disruptive");
  const targets = action?.targets(input, connections) ?? [];
  return { path, step: constantStep(path, uses, input), uses, attempt, input, effect, targets, undo: true };
}

/** The undoing of this step has failed before anything could be called. */
function faultMove(path: string, message: string, { now }: MoveInputs): Move {
  return {
    kind: "record",
    events: [{ type: "outcome", at: now, path, outcome: "failed", reason: "not_configured", message }],
  };
}
