import type { ActionTable, Output, Undo } from "../action.ts";
import { lostFrom } from "../redact.ts";
import type { StepRecord } from "./run.ts";

/** How a step can be undone: by a step, not at all, or not any more because of a fault; `nothing`: it has changed nothing. */
export type Undoing =
  | { kind: "undo"; undo: Undo }
  | { kind: "nothing" }
  | { kind: "irreversible" }
  | { kind: "fault"; why: string };

/** Where the undoing of a step stands among the steps. */
export function undoPath(path: string): string {
  return `undo/${path}`;
}

/** The step that is undone at this path; undefined where it undoes none of its run. */
export function undonePath(path: string): string | undefined {
  return isUndo(path) ? path.slice("undo/".length) : undefined;
}

/** Whether a step undoes another one of its run. */
export function isUndo(path: string): boolean {
  return path.startsWith("undo/");
}

/** Whether a step has changed the world: its call was accepted, whatever its rollout came to afterwards. */
export function hasChanged({ path, effect, state, outcome, handle }: StepRecord): boolean {
  if (effect === "read" || isUndo(path) || state !== "done" || outcome === "skipped") return false;
  return outcome === "succeeded" || handle !== undefined;
}

/** Whether a changing step found its change in force, and made none. */
export function foundInForce({ effect, output }: Pick<StepRecord, "effect" | "output">): boolean {
  return effect !== "read" && output?.["changed"] === false;
}

/** What undoes a step that has changed the world. Total: an action that throws or is gone is a fault, not an exception. */
export function undoingOf(record: StepRecord, actions: ActionTable): Undoing {
  const action = actions.get(record.uses);
  if (!action) return { kind: "fault", why: `there is no action ${record.uses} any more` };
  if (!action.revert) return { kind: "irreversible" };
  try {
    const output = changedOutput(record, actions);
    const undo = action.revert(record.input, output);
    if (undo) return possible(undo, actions);
    if (action.output.safeParse(output).success) return { kind: "nothing" };
    return { kind: "fault", why: `what ${record.uses} has left does not say what to undo` };
  } catch (error) {
    return { kind: "fault", why: messageOf(error) };
  }
}

function possible(undo: Undo, actions: ActionTable): Undoing {
  const action = actions.get(undo.uses);
  if (!action) return { kind: "fault", why: `there is no action ${undo.uses} any more` };
  const lost = lostFrom(undo.with);
  if (lost !== undefined) return { kind: "fault", why: lost };
  const parsed = action.input.safeParse(undo.with);
  if (parsed.success) return { kind: "undo", undo };
  return {
    kind: "fault",
    why: `${undo.uses} does not take ${parsed.error.issues[0]?.path.join(".") || "its input"} any more`,
  };
}

/** The output of a step whose call took effect; one that did not come to its end would have given what was read before it. */
function changedOutput(record: StepRecord, actions: ActionTable): Output {
  return record.outcome === "succeeded" ? (record.output ?? {}) : assumedOutput(record, actions);
}

/** What a step would have given: its action knows, or what was read before the call and what the target answered has to do. */
export function assumedOutput({ uses, input, before, handle }: StepRecord, actions: ActionTable): Output {
  return actions.get(uses)?.assume?.(input, before) ?? { ...before, ...handle };
}

/** What a fault says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "it cannot be named";
}
