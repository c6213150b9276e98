import type { Instant } from "../../core/time.ts";
import { unreadable } from "./fields.ts";

/** RFC 3339, and AWS's `+0000` without a colon. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;

/**
 * Absent, null and Go's zero time (year 1, which Alertmanager sends as `endsAt` of a firing alert) are undefined.
 * @throws AppError `invalid_request` for anything else that is not an RFC 3339 time; `path` is only called then.
 */
export function instantAt(value: unknown, path: () => string): Instant | undefined {
  if (value === undefined || value === null) return undefined;
  const at = typeof value === "string" && RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw unreadable(path(), "expected an RFC 3339 time");
  return at > 0 ? at : undefined;
}
