import type { Playbook, Step } from "../playbook/playbook.ts";
import { hasChanged } from "./changed.ts";
import type { StepPath } from "./events.ts";
import { openGroups } from "./groups.ts";
import type { Move, MoveInputs } from "./move.ts";
import { isMutating } from "./ready-step.ts";
import type { Run, StepRecord } from "./run.ts";
import { actionSteps } from "./steps.ts";
import { verifyMove } from "./verify-move.ts";
import { type Position, stepsOfBranch } from "./walk.ts";

/** The names of the groups that are completed. */
type Groups = ReadonlySet<string>;
const NONE: Groups = new Set();
type Actions = Pick<MoveInputs, "actions">;

/**
 * What a run does after its alert has ended: it completes a begun group, without changing anything else on the way, withdraws what
 * is asked for other steps, and goes on to its verification (section 7). Undefined while the usual move is part of that.
 */
export function resolvedMove(run: Run, playbook: Playbook, position: Position, inputs: MoveInputs): Move | undefined {
  if (!run.mutated) return { kind: "finish", state: "cancelled", reason: resolvedReason(run) };
  if (position.kind === "failed") return undefined;
  const groups = position.kind === "end" ? NONE : groupsToComplete(run, playbook);
  if (groups.size === 0 || position.kind === "end")
    return run.asked ? { kind: "withdraw" } : endMove(run, playbook, position, inputs);
  const path = passedBy(playbook.steps, position.path, groups, inputs);
  if (path === undefined) return undefined;
  if (run.asked) return { kind: "withdraw" };
  const reason = `the alert has ended; only the group ${[...groups].join(" and ")} is completed`;
  return { kind: "record", events: [{ type: "skipped", at: inputs.now, path, reason }] };
}

/** What is read, or asked of a person, for steps that a resolved run does not take any more. */
export function uselessWhenResolved(
  run: Run,
  playbook: Playbook,
  reads: readonly StepRecord[],
  inputs: MoveInputs,
): readonly StepRecord[] {
  const groups = run.mutated ? groupsToComplete(run, playbook) : NONE;
  if (groups.size === 0) return reads;
  return reads.filter(({ path }) => passedBy(playbook.steps, path, groups, inputs) !== undefined);
}

/** Those that have begun and have steps ahead. */
function groupsToComplete(run: Run, playbook: Playbook): Groups {
  return new Set(openGroups(run, playbook).flatMap(({ group, unfinished }) => (unfinished ? [group] : [])));
}

/** A run whose calls have changed nothing has nothing to measure. */
function endMove(run: Run, playbook: Playbook, { kind }: Position, inputs: MoveInputs): Move {
  if (![...run.steps.values()].some(hasChanged))
    return { kind: "finish", state: "cancelled", reason: `${resolvedReason(run)}; no call has changed anything` };
  if (kind === "end" || playbook.verify) return verifyMove(run, playbook, inputs);
  return { kind: "finish", state: "succeeded", reason: "the alert has ended; the steps that were left were not taken" };
}

/**
 * The outermost step on the way to a place that is passed by so that the begun groups alone are completed: a change, or a block with
 * changes, that is none of theirs. What is read, waited for or asked of a person between the steps of a group belongs to it.
 */
function passedBy(steps: readonly Step[], path: StepPath, groups: Groups, inputs: Actions): StepPath | undefined {
  const [id = "", inner = "", ...rest] = path.split("/");
  const step = steps.find((one) => one.id === id);
  const inside = step === undefined ? [] : actionSteps([step]);
  if (step === undefined || !inside.some((one) => isMutating(one, inputs))) return undefined;
  if (!inside.some((one) => one.group !== undefined && groups.has(one.group))) return id;
  const within = rest.length === 0 ? undefined : passedBy(innerSteps(step, inner), rest.join("/"), groups, inputs);
  return within === undefined ? undefined : `${id}/${inner}/${within}`;
}

function innerSteps(step: Step, inner: string): readonly Step[] {
  if (step.kind === "for-each") return step.steps;
  if (step.kind === "switch") return stepsOfBranch(step, inner === "default" ? inner : Number(inner));
  return [];
}

function resolvedReason({ closedBy }: Run): string {
  return closedBy === undefined ? "resolved: the alert ended first" : `resolved: ${closedBy} closed the incident`;
}
