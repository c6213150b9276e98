import type { Incident } from "../core/incident.ts";
import type { Run } from "../core/run/run.ts";
import { REVERT_FAILED } from "../core/run/undo-move.ts";
import { RECOVERED } from "../core/run/verify-move.ts";
import type { Instant } from "../core/time.ts";

/** What a target's ladder does now. */
export type LadderStep =
  | { kind: "stay" | "mitigated" | "overtaken" | "exposed" | "next" }
  | { kind: "exhausted"; why: string };

/** The runs of one opening, per target, in the order in which they began. */
export function runsByTarget(runs: readonly Run[]): readonly (readonly Run[])[] {
  const ladders = Map.groupBy(
    runs.toSorted((a, b) => a.created.at - b.created.at),
    (run) => run.created.target,
  );
  return [...ladders.values()];
}

/**
 * What follows from the last run on a target: the next playbook after a failure or a denial, people after `maxRuns` runs that
 * did not help, nothing while one is under way or when a person stopped it. Denied runs do not count. A success is overtaken
 * by an alert that joined later, and exposed when the lease of what it changed has ended while the alert still fires. Pure.
 */
export function ladderStep(
  incident: Incident,
  runs: readonly Run[],
  { maxRuns, now }: { maxRuns: number; now: Instant },
): LadderStep {
  const last = runs.at(-1);
  if (!last?.ended || runs.some((run) => !run.ended)) return { kind: "stay" };
  const { state, reason } = last.ended;
  if (reason.startsWith(REVERT_FAILED)) return stuck(incident, last);
  if (state === "succeeded") return afterSuccess(incident, last, last.ended);
  if (state === "observed" || /^(cancelled|aborted) by |^resolved/.test(reason)) return { kind: "stay" };
  if (incident.escalatedAt !== undefined && !mayTryAgain(last, now)) return { kind: "stay" };
  const helpless = runs.filter((run) => run.ended?.state === "failed");
  if (helpless.length >= maxRuns)
    return { kind: "exhausted", why: `${helpless.length} runs on ${last.created.target} have not helped` };
  return { kind: "next" };
}

/** What could not be undone is still in force: another playbook on top of it would only add to what nobody knows. */
function stuck({ escalatedAt }: Incident, { created: { playbook, target } }: Run): LadderStep {
  if (escalatedAt !== undefined) return { kind: "stay" };
  const why = `what ${playbook} changed on ${target} could not be undone, so no other playbook is tried there`;
  return { kind: "exhausted", why };
}

function afterSuccess(incident: Incident, last: Run, { at, reason }: NonNullable<Run["ended"]>): LadderStep {
  const { status, joinedAt = 0, escalatedAt } = incident;
  if (at < (incident.exposed?.[last.created.target] ?? 0)) return { kind: "exposed" };
  if (at < joinedAt) return { kind: escalatedAt === undefined ? "overtaken" : "stay" };
  return { kind: status === "open" && reason === RECOVERED ? "mitigated" : "stay" };
}

/** A run that a cooldown or a freeze denied may be tried again when that is over. */
export function mayTryAgain(run: Run, now: Instant): boolean {
  return run.ended?.retryAt !== undefined && run.ended.retryAt <= now;
}
