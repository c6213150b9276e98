/** Milliseconds since the Unix epoch. In the flow it is Redis time, so that a skewed host cannot cheat a window or an expiry. */
export type Instant = number;

/** A length of time in milliseconds. */
export type Milliseconds = number;

/** ISO 8601 in UTC, as the API and the reports print it. */
export function isoTime(at: Instant): string {
  return new Date(at).toISOString();
}

/** For people: `2026-11-21 12:03:05Z`. */
export function plainTime(at: Instant): string {
  return `${isoTime(at).slice(0, 19).replace("T", " ")}Z`;
}
