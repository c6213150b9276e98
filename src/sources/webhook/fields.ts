import { isUtf8 } from "node:buffer";
import { AppError, type Fault } from "../../core/errors.ts";

/** A JSON object of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

const LONGEST_SHOWN = 80;
/** More say nothing new, and an answer must not grow with what a sender gets wrong. */
const MOST_FAULTS = 20;

/** The 400 for a body that cannot be read: the field's path stands in the message and in the fault. */
export function unreadable(path: string, message: string): AppError {
  const faults = noFaults();
  addFault(faults, path, message);
  return unreadableFor(faults);
}

/** What is wrong with one body: how many faults, and the first 20 of them. `alert` is the index of the one that is being read. */
export type Faults = { alert: number; count: number; first: Fault[] };

/** Where the reading of a body begins. */
export function noFaults(): Faults {
  return { alert: 0, count: 0, first: [] };
}

/** Notes a fault instead of throwing it, so that it does not hide the others. Undefined, for the reader to hand on. */
export function addFault(faults: Faults, path: string, message: string): undefined {
  faults.count += 1;
  if (faults.count > MOST_FAULTS) return;
  faults.first.push({ path: path.length > LONGEST_SHOWN ? `${path.slice(0, LONGEST_SHOWN)}…` : path, message });
}

/** A fault of the alert that is being read; `field` is its path within the alert, as `.labels.service`. */
export function addAlertFault(faults: Faults, field: string, message: string): undefined {
  addFault(faults, `alerts[${faults.alert}]${field}`, message);
}

/** The 400 with every fault that was noted; its message has the first. */
export function unreadableFor({ count, first }: Faults): AppError {
  const [{ path, message } = { path: "body", message: "cannot be read" }] = first;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return new AppError("invalid_request", `${path}: ${message}${more}`, { faults: first });
}

/** True for `{…}`; arrays and null are not objects here. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws AppError `invalid_request` naming the path. */
export function objectAt(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw unreadable(path, "expected an object");
  return value;
}

/** @throws AppError `invalid_request` naming the path, also for an empty string. */
export function stringAt(value: unknown, path: string): string {
  if (typeof value !== "string" || value === "") throw unreadable(path, "expected a string that is not empty");
  return value;
}

/** A field we can do without: anything but a string that is not empty counts as absent. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The body as text. @throws AppError `invalid_request` when the bytes are not UTF-8: replaced characters could make two labels one. */
export function bodyText(body: Buffer): string {
  if (!isUtf8(body)) throw unreadable("body", "expected UTF-8");
  return body.toString("utf8");
}

/** Half a character can only come as an escape: one look at the text tells whether any may be there. */
const SURROGATE = /\\u[dD][89a-fA-F]/;

/** Half of a character becomes U+FFFD: what is stored and shown must be text for everybody who reads it. */
function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const isWell = entries.every(([name]) => name.isWellFormed());
  return isWell ? value : Object.fromEntries(entries.map(([name, inner]) => [name.toWellFormed(), inner]));
}

/** @throws AppError `invalid_request` for anything but one JSON object. Of duplicate keys the last counts, as in JSON.parse. */
export function parseObject(text: string, path = "body"): JsonObject {
  let value: unknown;
  try {
    // Most bodies have no such escape at all, which is seen faster.
    value = JSON.parse(text, text.includes("\\u") && SURROGATE.test(text) ? wellFormed : undefined);
  } catch (error) {
    const place = /at position \d+/.exec(String(error))?.[0] ?? "";
    throw unreadable(path, `not valid JSON ${place}`.trimEnd());
  }
  return objectAt(value, path);
}
