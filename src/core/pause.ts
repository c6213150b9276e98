import type { Pause } from "./store.ts";
import type { Instant } from "./time.ts";

/** What a pause may cover to hold a run back. */
export type Paused = { playbook: string; targets: readonly string[]; incidentId?: string };

/** The kill switch's own scope. */
export const EVERYTHING = "global";

const TAKEN = "taken:";

/** The scope that `take` pauses and `release` frees; nobody pauses or resumes it by name, so pauses come and go beside it. */
export function takenScope(incident: string): string {
  return `${TAKEN}${incident}`;
}

/** The incident that this scope says is taken over; undefined for scopes that people pause. */
export function takenIncident(scope: string): string | undefined {
  return scope.startsWith(TAKEN) ? scope.slice(TAKEN.length) : undefined;
}

/** Every pause scope that holds such a run back. */
export function pauseScopes({ playbook, targets, incidentId }: Paused): readonly string[] {
  return [
    EVERYTHING,
    `playbook:${playbook}`,
    ...targets.map((target) => `target:${target}`),
    ...(incidentId === undefined ? [] : [`incident:${incidentId}`, takenScope(incidentId)]),
  ];
}

/** Whether a pause with this end goes on after one with that end; without an end it lasts until somebody resumes. */
export function outlasts(one: { until?: Instant }, other: { until?: Instant }): boolean {
  return (one.until ?? Number.POSITIVE_INFINITY) > (other.until ?? Number.POSITIVE_INFINITY);
}

/** Whether it holds now. */
export function isInForce({ until }: Pick<Pause, "until">, now: Instant): boolean {
  return until === undefined || until > now;
}

/** `global is paused by anna`, or `anna has taken over inc-1`. */
export function pausedText({ scope, by }: Pick<Pause, "scope" | "by">): string {
  const incident = takenIncident(scope);
  return incident === undefined ? `${scope} is paused by ${by}` : `${by} has taken over ${incident}`;
}

/** What has to happen before it holds nothing back any more: `somebody resumes global`. */
export function freedBy({ scope, by }: Pick<Pause, "scope" | "by">): string {
  const incident = takenIncident(scope);
  return incident === undefined ? `${scope} is no longer paused by ${by}` : `${by} has released ${incident}`;
}
