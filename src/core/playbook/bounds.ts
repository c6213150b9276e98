import { redact } from "../redact.ts";

/** What people agree to beforehand for an input that is known only later: a range, both ends included, or a list. */
export type Bound = { min?: number; max?: number } | { oneOf: readonly Scalar[] };
export type Scalar = string | number | boolean;

/** By the name of the input. */
export type Bounds = Readonly<Record<string, Bound>>;

/** Whether a value keeps its bound; a range holds finite numbers only, so a relative `+1` is outside. */
export function isWithin(value: unknown, bound: Bound): boolean {
  if ("oneOf" in bound) return bound.oneOf.some((one) => one === value);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bound;
  return typeof value === "number" && Number.isFinite(value) && value >= min && value <= max;
}

/** `1 to 4`, `at least 1`, `one of a, b`. */
export function boundText(bound: Bound): string {
  if ("oneOf" in bound) return `one of ${bound.oneOf.join(", ")}`;
  const { min, max } = bound;
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

/** The values that try a bound out: the ends of a range, or everything in a list. */
export function probesOf(bound: Bound): readonly Scalar[] {
  if ("oneOf" in bound) return bound.oneOf;
  return [bound.min, bound.max].filter((end) => end !== undefined);
}

/** The first input that does not keep its bound, in words; undefined when all do. */
export function outsideOf(input: Readonly<Record<string, unknown>>, bounds: Bounds): string | undefined {
  const found = Object.entries(bounds).find(([name, bound]) => !isWithin(input[name], bound));
  if (!found) return undefined;
  const [name, bound] = found;
  const shown = JSON.stringify(redact({ [name]: input[name] })[name]) ?? "missing";
  return `${name} is ${shown.slice(0, 60)}, and bounded-by allows ${boundText(bound)}`;
}

/** The inputs that no bound is about. */
export function withoutBounded(
  input: Readonly<Record<string, unknown>>,
  bounds: Bounds,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(input).filter(([name]) => !Object.hasOwn(bounds, name)));
}
