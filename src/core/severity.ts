/** P0 is the worst. */
export const SEVERITIES = ["P0", "P1", "P2"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a severity rule may answer: `none` is recorded and explained but opens no incident. */
export type Level = Severity | "none";

/** True when `a` is worse than `b`; undefined is milder than any severity. */
export function isWorse(a: Severity, b: Severity | undefined): boolean {
  return b === undefined || SEVERITIES.indexOf(a) < SEVERITIES.indexOf(b);
}
