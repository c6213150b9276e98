import type { ActionStep, Playbook } from "../playbook/playbook.ts";
import type { Move, MoveInputs, ReadyStep } from "./move.ts";
import type { Run, StepRecord } from "./run.ts";
import { actionSteps, findStep } from "./steps.ts";

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

/** Undoes what has succeeded below the prefix, latest first; a revert that fails ends the run, and people are told. */
export function undoMove(run: Run, playbook: Playbook, inputs: MoveInputs): Move {
  const { reason = "", prefix = "", group } = run.reverting ?? {};
  for (const record of [...run.steps.values()].reverse()) {
    if (!isUndoable(record, prefix)) continue;
    if (group !== undefined && findStep(playbook.steps, record.path)?.group !== group) continue;
    const move = undoOne(run, record, inputs);
    if (move) return move;
  }
  const state = run.cancelling === undefined ? "failed" : "cancelled";
  return { kind: "finish", state, reason: `${run.cancelling?.reason ?? reason}; reverted` };
}

/** The group that has begun and is not complete: its steps complete or are reverted together. */
export function openGroup(run: Run, playbook: Playbook): string | undefined {
  const grouped = actionSteps(playbook.steps).filter((step) => step.group !== undefined);
  const succeeded = new Set(
    [...run.steps.values()]
      .filter((one) => one.outcome === "succeeded")
      .map((one) => findStep(playbook.steps, one.path)?.id),
  );
  const groups = new Set(grouped.filter((step) => succeeded.has(step.id)).map((step) => step.group));
  return grouped.find((step) => groups.has(step.group) && !succeeded.has(step.id) && !wasSkipped(run, step.id))?.group;
}

function wasSkipped(run: Run, id: string): boolean {
  return [...run.steps.values()].some(
    (one) => one.outcome === "skipped" && (one.path === id || one.path.endsWith(`/${id}`)),
  );
}

function isUndoable(record: StepRecord, prefix: string): boolean {
  return (
    record.outcome === "succeeded" &&
    record.effect !== "read" &&
    !record.path.startsWith("undo/") &&
    record.path.startsWith(prefix)
  );
}

function undoOne(run: Run, record: StepRecord, inputs: MoveInputs): Move | undefined {
  const undo = inputs.actions.get(record.uses)?.revert?.(record.input, record.output ?? {});
  const action = undo === undefined ? undefined : inputs.actions.get(undo.uses);
  if (!undo || !action) return undefined;
  const path = `undo/${record.path}`;
  const done = run.steps.get(path);
  if (done?.outcome === "succeeded" || done?.outcome === "skipped") return undefined;
  if (done && done.retryAt === undefined)
    return { kind: "finish", state: "failed", reason: `revert_failed: ${path}: ${done.message ?? "failed"}` };
  if (done?.retryAt !== undefined && inputs.now < done.retryAt)
    return { kind: "wait", until: done.retryAt, reason: "retry", path };
  const ready: ReadyStep = {
    path,
    step: constantStep(path, undo.uses, undo.with),
    uses: undo.uses,
    attempt: (done?.attempt ?? 0) + 1,
    input: undo.with,
    effect: typeof action.effect === "function" ? action.effect(undo.with) : action.effect,
    targets: action.targets(undo.with, inputs.connections),
    undo: true,
  };
  return { kind: "execute", steps: [ready] };
}
