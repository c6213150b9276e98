import type { Step } from "../playbook/playbook.ts";
import type { Evaluated } from "../scope.ts";
import type { Move, MoveInputs } from "./move.ts";
import { pendingReason } from "./observed.ts";
import { isMutating, readyStep } from "./ready-step.ts";
import { MAX_ITEMS } from "./rounds.ts";
import type { Run } from "./run.ts";
import { scopeOf } from "./scope.ts";
import { verification } from "./verify-move.ts";
import type { Item, Position } from "./walk.ts";

/** A place that still needs something of its own. */
export type Open = Exclude<Position, { kind: "end" | "failed" }>;

/** What the present place in the playbook needs. Positions that end a run are handled by the caller. */
export function moveAt(run: Run, position: Open, inputs: MoveInputs): Move {
  switch (position.kind) {
    case "action":
      return actionMove(run, position, inputs);
    case "parallel":
      return parallelMove(run, position, inputs);
    case "switch":
      return switchMove(run, position, inputs);
    case "rounds":
      return roundsMove(run, position, inputs);
    case "round-end":
      return roundEndMove(run, position, inputs);
    case "wait":
      return waitMove(run, position, inputs);
    default:
      return position satisfies never;
  }
}

function actionMove(run: Run, position: Extract<Position, { kind: "action" }>, inputs: MoveInputs): Move {
  const { record, path, step } = position;
  if (record?.retryAt !== undefined && inputs.now < record.retryAt)
    return { kind: "wait", until: record.retryAt, reason: "retry", path };
  const gate = record === undefined ? conditionMove(run, position, inputs) : undefined;
  if (gate) return gate;
  if (run.created.autonomy === "observe" && inputs.actions.get(step.uses)?.tells)
    return skip(path, "observe: nobody is told", inputs);
  const ready = readyStep(run, { step, path, attempt: (record?.attempt ?? 0) + 1, item: position.item }, inputs);
  if (ready.ok) return { kind: "execute", steps: [ready.step] };
  const pending = ready.reason === "condition_unknown" ? pendingReason(run, step.with.text, ready.message) : undefined;
  return pending === undefined ? failStep(path, ready.reason, inputs, ready.message) : skip(path, pending, inputs);
}

/** Undefined when the step's `if` holds; otherwise what follows from it (section 14.6). */
function conditionMove(
  run: Run,
  place: { step: Step; path: string; item?: Item },
  inputs: MoveInputs,
): Move | undefined {
  const { step, path } = place;
  if (!step.if) return undefined;
  const mutating = mayChange(step, inputs);
  if (mutating && run.factsStale && step.if.reads.length > 0) return { kind: "measure", facts: step.if.reads };
  const answer = step.if.test(scopeOf(run, inputs.now, place));
  if (answer.known && answer.value) return undefined;
  if (answer.known) return skip(path, `if: ${step.if.text} is false`, inputs);
  if (mutating && run.created.autonomy !== "observe")
    return failStep(path, "condition_unknown", inputs, `if: ${step.if.text}: ${answer.why}`);
  const pending = pendingReason(run, step.if.text, `if: ${step.if.text}`);
  if (pending !== undefined) return skip(path, pending, inputs);
  return skip(path, `if: ${step.if.text} is unknown: ${answer.why}`, inputs);
}

/** Whether an unknown `if` would leave a change to chance. `parallel` has read steps only; the other blocks may hold anything. */
function mayChange(step: Step, inputs: MoveInputs): boolean {
  switch (step.kind) {
    case "action":
      return isMutating(step, inputs);
    case "wait":
    case "parallel":
      return false;
    case "switch":
    case "for-each":
      return true;
    default:
      return step satisfies never;
  }
}

function parallelMove(run: Run, position: Extract<Position, { kind: "parallel" }>, inputs: MoveInputs): Move {
  const begun = position.step.steps.some((step) => run.steps.has(`${position.path}/${step.id}`));
  const gate = begun ? undefined : conditionMove(run, position, inputs);
  if (gate) return gate;
  const ready = [];
  for (const place of position.steps) {
    const move = actionMove(
      run,
      { kind: "action", ...place, ...(position.item ? { item: position.item } : {}) },
      inputs,
    );
    if (move.kind !== "execute") return move;
    if (move.steps.some(({ effect }) => effect !== "read"))
      return failStep(place.path, "invalid_input", inputs, "parallel holds read steps only");
    ready.push(...move.steps);
  }
  return { kind: "execute", steps: ready };
}

function switchMove(run: Run, position: Extract<Position, { kind: "switch" }>, inputs: MoveInputs): Move {
  const gate = conditionMove(run, position, inputs);
  if (gate) return gate;
  const { step, path } = position;
  const reads = step.cases.flatMap((one) => one.when.reads);
  if (run.factsStale && reads.length > 0) return { kind: "measure", facts: reads };
  const scope = scopeOf(run, inputs.now, position);
  for (const [index, one] of step.cases.entries()) {
    const answer: Evaluated<boolean> = one.when.test(scope);
    if (!answer.known)
      return unknownBlock(run, { path, text: one.when.text, why: `when: ${one.when.text}: ${answer.why}` }, inputs);
    if (answer.value) return { kind: "record", events: [{ type: "branched", at: inputs.now, path, branch: index }] };
  }
  const branch = step.default.length > 0 ? "default" : "none";
  return { kind: "record", events: [{ type: "branched", at: inputs.now, path, branch }] };
}

function roundsMove(run: Run, position: Extract<Position, { kind: "rounds" }>, inputs: MoveInputs): Move {
  const gate = conditionMove(run, position, inputs);
  if (gate) return gate;
  const { step, path } = position;
  const items = step.items.render(scopeOf(run, inputs.now, position));
  if (!items.known) return unknownBlock(run, { path, text: step.items.text, why: `items: ${items.why}` }, inputs);
  if (!Array.isArray(items.value)) return failStep(path, "invalid_input", inputs, "items is not a list");
  if (items.value.length > MAX_ITEMS)
    return failStep(path, "invalid_input", inputs, `items has ${items.value.length} entries; at most ${MAX_ITEMS}`);
  return { kind: "record", events: [{ type: "rounds", at: inputs.now, path, items: items.value }] };
}

function roundEndMove(run: Run, position: Extract<Position, { kind: "round-end" }>, inputs: MoveInputs): Move {
  const { step, path, round, waitingUntil } = position;
  const at = inputs.now;
  if (step.wait !== undefined && run.created.autonomy !== "observe") {
    if (waitingUntil === undefined) {
      return { kind: "record", events: [{ type: "round", at, path, round, phase: "waiting", until: at + step.wait }] };
    }
    if (at < waitingUntil) return { kind: "wait", until: waitingUntil, reason: "round", path };
  }
  const stand =
    step.verify && run.created.autonomy !== "observe"
      ? verification(run, step.verify, inputs, `${path}/${round}`)
      : "held";
  if (stand !== "held" && stand !== "failed") return stand;
  return { kind: "record", events: [{ type: "round", at, path, round, phase: stand === "held" ? "done" : "failed" }] };
}

function waitMove(run: Run, position: Extract<Position, { kind: "wait" }>, inputs: MoveInputs): Move {
  const { path, step } = position;
  const begun = run.waiting?.reason === "wait" && run.waiting.path === path ? run.waiting : undefined;
  const gate = begun ? undefined : conditionMove(run, position, inputs);
  if (gate) return gate;
  if (!begun && run.created.autonomy !== "observe")
    return { kind: "wait", until: inputs.now + step.for, reason: "wait", path };
  return { kind: "record", events: [{ type: "outcome", at: inputs.now, path, outcome: "succeeded", uses: "wait" }] };
}

/** A block that depends on the unknown: in an observed plan it may be pending, otherwise it fails. */
function unknownBlock(
  run: Run,
  { path, text, why }: { path: string; text: string; why: string },
  inputs: MoveInputs,
): Move {
  const pending = pendingReason(run, text, why);
  return pending === undefined ? failStep(path, "condition_unknown", inputs, why) : skip(path, pending, inputs);
}

function skip(path: string, reason: string, inputs: MoveInputs): Move {
  return { kind: "record", events: [{ type: "skipped", at: inputs.now, path, reason }] };
}

function failStep(
  path: string,
  reason: "condition_unknown" | "invalid_input",
  inputs: MoveInputs,
  message: string,
): Move {
  return { kind: "record", events: [{ type: "outcome", at: inputs.now, path, outcome: "failed", reason, message }] };
}
