import type { Instant } from "../../core/time.ts";
import { unreadable } from "./fields.ts";

/** RFC 3339, and AWS's `+0000` without a colon. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;
const CODE_OF_ZERO = 48;
/** As Alertmanager sends `endsAt` of an alert that fires. */
const GO_ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * Absent, null and Go's zero time (year 1, which Alertmanager sends as `endsAt` of a firing alert) are undefined.
 * @throws AppError `invalid_request` for anything else that is not an RFC 3339 time; `path` is only called then.
 */
export function instantAt(value: unknown, path: () => string): Instant | undefined {
  const at = instantOf(value);
  if (Number.isNaN(at)) throw unreadable(path(), NOT_A_TIME);
  return at;
}

/** The fault of a value for which `instantOf` is NaN. */
export const NOT_A_TIME = "expected an RFC 3339 time";

/** `instantAt` without the throw: NaN for what is not a time. */
export function instantOf(value: unknown): Instant | undefined {
  if (value === undefined || value === null || value === GO_ZERO_TIME) return undefined;
  const at = typeof value === "string" && RFC_3339.test(value) ? read(value) : Number.NaN;
  return at <= 0 ? undefined : at;
}

/** Date.parse is most of what reading a large group costs besides JSON.parse, so the usual case, UTC, is read by hand. */
function read(text: string): Instant {
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (day > 28 && day > daysIn(digits(text, 0, 4), month)) return Number.NaN;
  if (!text.endsWith("Z")) return Date.parse(text);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  const isTime = hour < 24 && minute < 60 && second < 60;
  if (!isTime || month < 1 || month > 12 || day < 1 || day > 31) return Number.NaN;
  return Date.UTC(digits(text, 0, 4), month - 1, day, hour, minute, second, milliseconds(text));
}

/** Date.parse takes the 30th of February for the 2nd of March. */
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Of the fraction, which may have up to nine digits or be missing. */
function milliseconds(text: string): number {
  const end = Math.min(text.length - 1, 23);
  return end <= 20 ? 0 : digits(text, 20, end) * 10 ** (23 - end);
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index += 1) value = value * 10 + text.charCodeAt(index) - CODE_OF_ZERO;
  return value;
}
