import { cut, LONGEST_VALUE } from "../../core/cut.ts";
import { addAlertFault, type Faults, isObject, type JsonObject } from "./fields.ts";

/** Names and values of labels or annotations. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Bounds of one alert. Prometheus has none by default; these are far above what people write and keep one hostile alert from
 * filling the store. Lengths count UTF-16 units.
 */
export const LABEL_LIMITS = { count: 128, name: 1024, value: LONGEST_VALUE } as const;

/**
 * Labels are identity: what is out of bounds is refused, never cut. The parsed object itself is returned, uncopied.
 * Undefined when a fault was added: `alerts[3].labels.service: expected a string`.
 */
export function labelsAt(value: unknown, faults: Faults): Labels | undefined {
  if (!isObject(value)) return addAlertFault(faults, ".labels", "expected an object");
  const before = faults.count;
  let count = 0;
  for (const name in value) {
    const problem = nameProblem(name) ?? valueProblem(value[name]);
    if (problem !== undefined) addAlertFault(faults, `.labels.${name}`, problem);
    count += 1;
  }
  if (count === 0) addAlertFault(faults, ".labels", "expected at least one label");
  if (count > LABEL_LIMITS.count) addAlertFault(faults, ".labels", `expected at most ${LABEL_LIMITS.count} labels`);
  return faults.count === before ? (value as Labels) : undefined;
}

/**
 * Annotations are text for people: too long ones are cut, and expressions do not see what is left. Absent counts as none.
 * Undefined when a fault was added, for wrong types, names that cannot be used and too many of them.
 */
export function annotationsAt(value: unknown, faults: Faults): Labels | undefined {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) return addAlertFault(faults, ".annotations", "expected an object");
  const before = faults.count;
  let count = 0;
  let long = false;
  for (const name in value) {
    const text = value[name];
    const problem = nameProblem(name) ?? (typeof text === "string" ? undefined : "expected a string");
    if (problem !== undefined) addAlertFault(faults, `.annotations.${name}`, problem);
    else long ||= (text as string).length > LABEL_LIMITS.value;
    count += 1;
  }
  const most = LABEL_LIMITS.count;
  if (count > most) addAlertFault(faults, ".annotations", `expected at most ${most} annotations`);
  if (faults.count > before) return undefined;
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
