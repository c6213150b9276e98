import type { PlannedStep } from "../approval.ts";
import { digestOf } from "../hash.ts";
import { canonicalJson } from "../json.ts";
import type { ActionStep, ForEachStep, Step, SwitchStep } from "../playbook/playbook.ts";
import { redact } from "../redact.ts";
import { type BoundedStep, boundedDigest, boundedStep, pendingTexts } from "./bounded.ts";
import type { MoveInputs, ReadyStep } from "./move.ts";
import { isMutating, readyStep } from "./ready-step.ts";
import type { Run } from "./run.ts";
import { scopeOf } from "./scope.ts";
import { type Item, stepsOfBranch } from "./walk.ts";

/** A step that lies ahead. `digest` is absent while its input is pending: such a step asks again once it is known. */
export type AheadStep = PlannedStep & { digest?: string; id: string };

/** What a grant covers: one rendered step on its targets, and where its connection leads. */
export function stepDigest({
  path,
  uses,
  input,
  targets,
  place,
}: Omit<ReadyStep, "step" | "attempt" | "effect" | "undo">): string {
  const where = place === undefined ? targets : [...targets, place];
  return digestOf(path, uses, canonicalJson(input), ...where).slice(0, 16);
}

/** The mutating steps that the run may still take, as far as they can be known now; a step whose `if` is false is left out. */
export function planAhead(run: Run, steps: readonly Step[], inputs: MoveInputs): readonly AheadStep[] {
  return lookAhead(run, steps, inputs).map(({ shown }) => shown);
}

/** `ready`: the step itself, unredacted, where its input is known. */
export type Ahead = { shown: AheadStep; ready?: ReadyStep };

/** The same with the steps themselves. */
export function lookAhead(run: Run, steps: readonly Step[], inputs: MoveInputs): readonly Ahead[] {
  return ahead({ run, inputs }, steps, { path: "", item: undefined });
}

type View = { run: Run; inputs: MoveInputs };
type Place = { path: string; item: Item | undefined };

function ahead(view: View, steps: readonly Step[], prefix: Place): readonly Ahead[] {
  return steps.flatMap((step) => aheadOf(view, step, { path: prefix.path + step.id, item: prefix.item }));
}

function aheadOf(view: View, step: Step, place: Place): readonly Ahead[] {
  const record = view.run.steps.get(place.path);
  if (record?.state === "done" && record.retryAt === undefined) return [];
  const answer = step.if?.test(scopeOf(view.run, view.inputs.now, place));
  if (answer?.known && !answer.value) return [];
  switch (step.kind) {
    case "action":
      return isMutating(step, view.inputs) ? [aheadAction(view, step, place)] : [];
    case "switch":
      return aheadSwitch(view, step, place);
    case "for-each":
      return aheadRounds(view, step, place);
    case "parallel":
    case "wait":
      return [];
    default:
      return step satisfies never;
  }
}

function aheadSwitch(view: View, step: SwitchStep, place: Place): readonly Ahead[] {
  const branch = view.run.branches.get(place.path) ?? likelyBranch(view, step, place);
  if (branch === undefined) {
    const all = [...step.cases.flatMap((one) => one.steps), ...step.default];
    return ahead(view, all, { path: `${place.path}/?/`, item: place.item }).map(asPending);
  }
  return ahead(view, stepsOfBranch(step, branch), { path: `${place.path}/${branch}/`, item: place.item });
}

function likelyBranch(view: View, step: SwitchStep, place: Place): number | "default" | "none" | undefined {
  const scope = scopeOf(view.run, view.inputs.now, place);
  for (const [index, one] of step.cases.entries()) {
    const answer = one.when.test(scope);
    if (!answer.known) return undefined;
    if (answer.value) return index;
  }
  return step.default.length > 0 ? "default" : "none";
}

function aheadRounds(view: View, step: ForEachStep, place: Place): readonly Ahead[] {
  const { run, inputs } = view;
  const rounds = run.rounds.get(place.path);
  const items = rounds
    ? { known: true as const, value: rounds.items }
    : step.items.render(scopeOf(run, inputs.now, place));
  if (!items.known || !Array.isArray(items.value)) {
    return ahead(view, step.steps, { path: `${place.path}/?/`, item: place.item }).map(asPending);
  }
  return items.value.flatMap((value: unknown, round) => {
    if (round < (rounds?.done ?? 0)) return [];
    return ahead(view, step.steps, { path: `${place.path}/${round}/`, item: { ...place.item, [step.as]: value } });
  });
}

function asPending({ shown }: Ahead): Ahead {
  const { digest: _, bounds: __, ...step } = shown;
  return { shown: { ...step, input: "pending" } };
}

function aheadAction({ run, inputs }: View, step: ActionStep, place: Place): Ahead {
  const at = { step, path: place.path, attempt: 1, item: place.item };
  const ready = readyStep(run, at, inputs);
  if (ready.ok) return { shown: plannedStep(ready.step, inputs), ready: ready.step };
  if (ready.reason === "invalid_input") return { shown: refusedStep(step, place.path, ready) };
  const bounded = boundedStep(run, at, inputs);
  return { shown: bounded ? plannedWithin(bounded, inputs) : pendingStep(step, place.path, ready.message) };
}

/** A step as people see it who agree to bounds: what is known of its input, and what the rest may become. */
function plannedWithin({ ready, rest, bounds }: BoundedStep, inputs: MoveInputs): AheadStep {
  const { digest: _, ...planned } = plannedStep(ready, inputs);
  const pending = pendingTexts(bounds);
  const digest = boundedDigest(ready);
  const inWords = Object.entries(pending).map(([name, text]) => `${name}: ${text}`);
  return {
    ...planned,
    describe: `${ready.step.name ?? ready.uses} (${inWords.join("; ")})`,
    input: redact({ ...rest, ...pending }),
    bounds,
    ...(digest !== undefined && { digest }),
  };
}

/** A ready step as people see it before they agree. */
export function plannedStep(ready: ReadyStep, inputs: Pick<MoveInputs, "actions">): AheadStep {
  const action = inputs.actions.get(ready.uses);
  const undo = undoText(ready, inputs);
  return {
    id: ready.step.id,
    path: ready.path,
    uses: ready.uses,
    effect: ready.effect,
    describe: action?.describe(ready.input) ?? ready.uses,
    targets: ready.targets,
    input: redact(ready.input),
    digest: stepDigest(ready),
    ...(undo === undefined ? {} : { undo }),
  };
}

function undoText(ready: ReadyStep, inputs: Pick<MoveInputs, "actions">): string | undefined {
  const reversible = inputs.actions.get(ready.uses)?.revert !== undefined;
  if (!reversible) return undefined;
  const { lease } = ready.step;
  return lease === undefined
    ? "can be reverted by hand or when the run fails"
    : "its former value comes back when its lease ends, or earlier by a person";
}

/** A step whose input is known and cannot be called with; people read that before they agree to what comes before it. */
function refusedStep(
  step: ActionStep,
  path: string,
  { message, input }: { message: string; input: Readonly<Record<string, unknown>> },
): AheadStep {
  const describe = `${step.name ?? step.uses}: refused when its turn comes (${message})`;
  return { ...pendingStep(step, path, message), describe, input: redact(input) };
}

function pendingStep(step: ActionStep, path: string, why: string): AheadStep {
  return {
    id: step.id,
    path,
    uses: step.uses,
    effect: "disruptive",
    describe: `${step.name ?? step.uses}: not known yet (${why}); it will be asked again`,
    targets: [],
    input: "pending",
  };
}
