import { isObject, type JsonObject, unreadable } from "./fields.ts";

/** Names and values of labels or annotations. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Bounds of one alert. Prometheus has none by default; these are far above what people write and keep one hostile alert from
 * filling the store. Lengths count UTF-16 units.
 */
export const LABEL_LIMITS = { count: 128, name: 1024, value: 16_384 } as const;

const CUT = "…";

/**
 * Labels are identity: what is out of bounds is refused, never cut. The parsed object itself is returned, uncopied.
 * @throws AppError `invalid_request`: `alerts[3].labels.service: expected a string`.
 */
export function labelsAt(value: unknown, alert: number): Labels {
  const path = () => `alerts[${alert}].labels`;
  if (!isObject(value)) throw unreadable(path(), "expected an object");
  let count = 0;
  for (const name in value) {
    const problem = nameProblem(name) ?? valueProblem(value[name]);
    if (problem !== undefined) throw unreadable(`${path()}.${name}`, problem);
    count += 1;
  }
  if (count === 0) throw unreadable(path(), "expected at least one label");
  if (count > LABEL_LIMITS.count) throw unreadable(path(), `expected at most ${LABEL_LIMITS.count} labels`);
  return value as Labels;
}

/**
 * Annotations are text for people: too long ones are cut. Absent counts as none.
 * @throws AppError `invalid_request` for wrong types, names that cannot be used and too many of them.
 */
export function annotationsAt(value: unknown, alert: number): Labels {
  if (value === undefined || value === null) return {};
  const path = () => `alerts[${alert}].annotations`;
  if (!isObject(value)) throw unreadable(path(), "expected an object");
  let count = 0;
  let long = false;
  for (const name in value) {
    const text = value[name];
    const problem = nameProblem(name) ?? (typeof text === "string" ? undefined : "expected a string");
    if (problem !== undefined) throw unreadable(`${path()}.${name}`, problem);
    long ||= (text as string).length > LABEL_LIMITS.value;
    count += 1;
  }
  if (count > LABEL_LIMITS.count) throw unreadable(path(), `expected at most ${LABEL_LIMITS.count} annotations`);
  return long ? cutAll(value) : (value as Labels);
}

function nameProblem(name: string): string | undefined {
  if (name === "" || name.length > LABEL_LIMITS.name) return `expected a name of 1 to ${LABEL_LIMITS.name} characters`;
  return name === "__proto__" ? "this name cannot be used" : undefined;
}

function valueProblem(value: unknown): string | undefined {
  if (typeof value !== "string") return "expected a string";
  return value.length > LABEL_LIMITS.value ? `expected at most ${LABEL_LIMITS.value} characters` : undefined;
}

function cutAll(annotations: JsonObject): Labels {
  return Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, cut(String(text))]));
}

/** Cut to the longest value that is kept, at a whole character. */
export function cut(text: string): string {
  if (text.length <= LABEL_LIMITS.value) return text;
  return text.slice(0, LABEL_LIMITS.value - CUT.length).replace(/[\uD800-\uDBFF]$/, "") + CUT;
}
