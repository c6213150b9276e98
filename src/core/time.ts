/** Milliseconds since the Unix epoch. In the flow it is Redis time, so that a skewed host cannot cheat a window or an expiry. */
export type Instant = number;

/** A length of time in milliseconds. */
export type Milliseconds = number;

/** ISO 8601 in UTC, as the API and the reports print it. */
export function isoTime(at: Instant): string {
  return new Date(at).toISOString();
}
