import { digestOf } from "../hash.ts";
import { canonicalJson } from "../json.ts";
import { type Bounds, boundText, outsideOf, probesOf, withoutBounded } from "../playbook/bounds.ts";
import type { MoveInputs, ReadyStep } from "./move.ts";
import { type Place, readyFrom } from "./ready-step.ts";
import type { Run } from "./run.ts";
import { scopeOf } from "./scope.ts";

/** A step whose input is pending within bounds; `rest` is what is known of it. */
export type BoundedStep = { ready: ReadyStep; rest: Readonly<Record<string, unknown>>; bounds: Bounds };

/** What a grant covers of such a step: everything but the bounded values, and their bounds. Undefined when one is outside. */
export function boundedDigest({ path, uses, input, effect, targets, place, step }: ReadyStep): string | undefined {
  const bounds = step.boundedBy?.bounds;
  if (!bounds || outsideOf(input, bounds) !== undefined) return undefined;
  const rest = canonicalJson(withoutBounded(input, bounds));
  return digestOf(
    "bounded",
    path,
    uses,
    rest,
    canonicalJson(bounds),
    effect,
    ...targets,
    ...(place === undefined ? [] : [place]),
  ).slice(0, 16);
}

/**
 * A pending step that can be agreed to beforehand: whatever its bounds allow, its targets, its effect and everything else stay the
 * same. They are tried at the bounds' ends; undefined when anything but the bounded inputs is still open (section 14.7).
 */
export function boundedStep(run: Run, place: Place, inputs: MoveInputs): BoundedStep | undefined {
  const { boundedBy } = place.step;
  const rest = boundedBy?.rest.render(scopeOf(run, inputs.now, place));
  if (!boundedBy || !rest?.known) return undefined;
  const { bounds } = boundedBy;
  const tried = probeInputs(bounds).map((probe) => readyFrom(run, place, { ...rest.value, ...probe }, inputs));
  const steps = tried.flatMap((one) => (one.ok ? [one.step] : []));
  const [first] = steps;
  if (!first || steps.length < tried.length) return undefined;
  const digests = new Set(steps.map(boundedDigest));
  if (digests.size !== 1 || digests.has(undefined)) return undefined;
  return { ready: first, rest: withoutBounded(first.input, bounds), bounds };
}

/** `desired: pending, 1 to 4`, by input. */
export function pendingTexts(bounds: Bounds): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(bounds).map(([name, bound]) => [name, `pending, ${boundText(bound)}`]));
}

/** Every value at the end of a bound once, with the others at their first one. */
function probeInputs(bounds: Bounds): readonly Readonly<Record<string, unknown>>[] {
  const names = Object.entries(bounds);
  const base = Object.fromEntries(names.map(([name, bound]) => [name, probesOf(bound)[0]]));
  return names.flatMap(([name, bound]) => probesOf(bound).map((value) => ({ ...base, [name]: value })));
}
