import { formatDuration } from "../duration.ts";
import { isPlainObject } from "../json.ts";
import { isoTime } from "../time.ts";

/** Stands in lists where there is nothing; cel-js refuses to read it, which makes the expression unknown. */
const NOTHING = Symbol("nothing");

/**
 * A value as CEL may see it: members that are null, undefined or NaN are missing, so that reading them is unknown and `has()`
 * is false (section 14.6). Gives the same object back when there is nothing to take out.
 */
export function celValue(value: unknown): unknown {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (Array.isArray(value)) return cleanList(value);
  return isPlainObject(value) ? celMap(cleanMap(value)) : value;
}

/** cel-js tells what an object is by its `constructor`, and a label may have that name: such a map is given as a `Map`. */
export function celMap(map: Readonly<Record<string, unknown>>): unknown {
  return Object.hasOwn(map, "constructor") ? new Map(Object.entries(map)) : map;
}

function cleanList(list: readonly unknown[]): readonly unknown[] {
  const cleaned = list.map(celValue);
  return cleaned.some((value, index) => value !== list[index]) ? cleaned : list;
}

/** As `celValue`, for what is a map in any case. */
export function cleanMap(map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const rows = Object.entries(map).map(([key, value]) => [key, value, celValue(value)] as const);
  if (rows.every(([, value, cleaned]) => value === cleaned)) return map;
  return Object.fromEntries(
    rows.filter(([, , cleaned]) => cleaned !== NOTHING).map(([key, , cleaned]) => [key, cleaned]),
  );
}

/** A value that cannot leave CEL; its message says why. */
export class NoValue extends Error {
  override readonly name = "NoValue";
}

/**
 * A CEL result as JSON: whole numbers become numbers, timestamps ISO 8601 in UTC, durations text.
 * @throws NoValue for null, NaN, whole numbers beyond 2^53 and what has no JSON form.
 */
export function jsonValue(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  if (typeof value === "bigint") return wholeNumber(value);
  if (value instanceof Date) return isoTime(value.getTime());
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value instanceof Map) return jsonValue(Object.fromEntries(value));
  if (isPlainObject(value)) return jsonObject(value);
  throw new NoValue(value === null || value === NOTHING ? "it is null" : "it is not a number");
}

function wholeNumber(value: bigint): number {
  if (BigInt.asIntN(54, value) !== value) throw new NoValue(`${value} is too large for a number`);
  return Number(value);
}

function jsonObject(value: Readonly<Record<string, unknown>>): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonValue(inner)]));
  }
  const own: unknown = value.valueOf();
  if (typeof own === "bigint") return wholeNumber(own);
  if (typeof own === "number") return formatDuration(own);
  throw new NoValue("it has no value outside of expressions");
}
