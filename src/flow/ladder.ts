import type { Incident } from "../core/incident.ts";
import { hasChanged } from "../core/run/changed.ts";
import type { Run } from "../core/run/run.ts";
import { REVERT_FAILED } from "../core/run/undo-move.ts";
import { RECOVERED } from "../core/run/verify-move.ts";
import { HUMAN_TASK } from "../core/task.ts";
import type { Instant } from "../core/time.ts";

/**
 * What a target's ladder does now. `busy`: a run is under way. `climb`: the next playbook, `since`: of those that only alerts since
 * then ask for, `again`: of all playbooks this one first, tried or not; `why` is what people are told when there is none, and
 * nobody is called where it is absent. `overtaken`: an alert has joined since; `otherwise`: where it does not ask for this target.
 */
export type LadderStep =
  | { kind: "busy" | "stay" | "mitigated" }
  | { kind: "overtaken"; otherwise: LadderStep }
  | { kind: "climb"; since?: Instant; again?: string; why?: string }
  | { kind: "exhausted"; why: string };

/** What a ladder is looked at with. */
export type LadderView = {
  maxRuns: number;
  /** Whether the last run's playbook lets another one follow where it fails. */
  mayFollow: boolean;
  /** Whether any run of the incident has begun since the severity rose. */
  answered: boolean;
};

/** The runs of one opening, per target, in the order in which they began. */
export function runsByTarget(runs: readonly Run[]): readonly (readonly Run[])[] {
  const ladders = Map.groupBy(
    runs.toSorted((a, b) => a.created.at - b.created.at),
    (run) => run.created.target,
  );
  return [...ladders.values()];
}

/** The last run on a target, by which its ladder goes on; undefined when none of these counts there. */
export function lastOn(runs: readonly Run[], target: string): Run | undefined {
  return lastRung(runsByTarget(runs).find(([first]) => first?.created.target === target) ?? []);
}

/** The same of one target's runs, in order. */
export function lastRung(ladder: readonly Run[]): Run | undefined {
  return ladder.findLast((run) => !isOffer(run));
}

/**
 * What follows from the last run on a target: the next playbook after a failure, a denial, a plan that was only observed or a run
 * that has changed nothing; people after `maxRuns` runs that did not help; nothing while one is under way or when a person stopped it. A higher severity selects
 * anew, an alert that joins later brings its own playbooks, and what was undone while the alert fires may come again. Pure.
 */
export function ladderStep(incident: Incident, all: readonly Run[], view: LadderView): LadderStep {
  const runs = all.filter((run) => !isOffer(run));
  const last = runs.at(-1);
  if (!last) return { kind: all.every((run) => run.ended) ? "stay" : "busy" };
  if (!last.ended || runs.some((run) => !run.ended)) return { kind: "busy" };
  const { at, state, reason } = last.ended;
  if (reason.startsWith(REVERT_FAILED)) return stuck(last);
  const { raisedAt = 0, joinedAt = 0 } = incident;
  if (state === "succeeded" && !isIdle(last)) return afterSuccess(incident, last, view.answered);
  if (wasStopped(last)) {
    if (at < raisedAt) return { kind: "climb" };
    return at < joinedAt ? { kind: "climb", since: at } : leftToPeople(last);
  }
  const helpless = runs.filter((run) => isHelpless(run, raisedAt));
  const { target, playbook } = last.created;
  if (helpless.length >= view.maxRuns)
    return { kind: "exhausted", why: `${helpless.length} runs on ${target} have not helped` };
  if (isOutlived(last)) return { kind: "climb" };
  if (state !== "failed" || view.mayFollow || last.created.at < raisedAt) return { kind: "climb", why: "" };
  const why = `${playbook} has failed on ${target}, and its on-failure lets no other playbook follow`;
  return at < joinedAt ? { kind: "climb", since: at, why } : { kind: "exhausted", why };
}

/** What a person has started by hand and nobody has agreed to, or that came to nothing: the target's own playbooks go on without it. */
function isOffer(run: Run): boolean {
  const { created, ended, asked, mutated } = run;
  if (created.trigger !== "manual" || mutated) return false;
  return ended ? ended.state !== "succeeded" || isIdle(run) : asked !== undefined;
}

/** All its steps are done, and nothing was changed, nor was recovery measured: it has not helped. */
function isIdle(run: Run): boolean {
  return run.ended?.state === "succeeded" && run.ended.reason !== RECOVERED && !hasActed(run);
}

/** Whether its steps, or a person it asked, have changed anything. */
function hasActed({ steps }: Run): boolean {
  return [...steps.values()].some(
    (step) => hasChanged(step) || (step.uses === HUMAN_TASK && step.outcome === "succeeded"),
  );
}

/** What could not be undone is still in force: another playbook on top of it would only add to what nobody knows. */
function stuck({ created: { playbook, target } }: Run): LadderStep {
  const why = `what ${playbook} changed on ${target} could not be undone, so no other playbook is tried there`;
  return { kind: "exhausted", why };
}

/** The alert that it was begun for has ended while others of the incident fire on: its target needs nothing for that. */
function isOutlived(run: Run | undefined): boolean {
  return run?.ended?.reason.startsWith("denied.stale") === true;
}

/** Why people are called where no playbook has run for what fires: each was begun for an alert that has ended; else undefined. */
export function outlived(ladders: readonly (readonly Run[])[]): { target: string; why: string } | undefined {
  const last = ladders.map(lastRung);
  const created = last[0]?.created;
  if (created === undefined || !last.every(isOutlived)) return undefined;
  const { playbook, target } = created;
  return {
    target,
    why: `the alert for which ${playbook} was begun on ${target} has ended, and no playbook runs for what still fires`,
  };
}

/** Who stopped a run knows, but the incident still fires and nothing follows: whoever is on call has to know too. */
function leftToPeople({ created: { playbook, target }, ended }: Run): LadderStep {
  const reason = ended?.reason ?? "";
  if (reason.startsWith("resolved")) return { kind: "stay" };
  return {
    kind: "exhausted",
    why: `${playbook} on ${target} was ${reason.split(": ")[0]}, and no other playbook follows`,
  };
}

/** A success is exposed when the lease of what it changed has ended while the alert still fires: the same asks again. */
function afterSuccess(incident: Incident, { created, ended }: Run, answered: boolean): LadderStep {
  const { at = 0, reason } = ended ?? {};
  const { status, joinedAt = 0, exposed, raisedAt = 0 } = incident;
  if (at < (exposed?.[created.target] ?? 0)) return { kind: "climb", again: created.playbook, why: "" };
  const rise: LadderStep = answered ? { kind: "climb" } : { kind: "climb", why: "" };
  if (at < joinedAt) return { kind: "overtaken", otherwise: at < raisedAt ? rise : { kind: "stay" } };
  if (at < raisedAt) return rise;
  return { kind: status === "open" && reason === RECOVERED ? "mitigated" : "stay" };
}

/** A person, or the end of the alerts, has ended it: that is no reason to try another. */
function wasStopped({ ended }: Run): boolean {
  return /^(cancelled|aborted) by |^resolved/.test(ended?.reason ?? "");
}

/** It has run since the severity rose and did not help; what was denied, or only observed, does not count. */
function isHelpless({ created, ended }: Run, raisedAt: Instant): boolean {
  return ended?.state === "failed" && created.autonomy !== "observe" && created.at >= raisedAt;
}

/** What of a ladder is not tried again: everything but what may be by now, `acts` tells which playbooks act at the present severity. */
export function triedOn(
  runs: readonly Run[],
  { raisedAt = 0 }: Incident,
  { now, acts }: { now: Instant; acts(playbook: string): boolean },
): ReadonlySet<string> {
  const tried = runs.filter((run) => !mayTryAgain(run, now) && !(run.created.at < raisedAt && mayAct(run, acts)));
  return new Set(tried.map((run) => run.created.playbook));
}

/** A run that a cooldown or a freeze denied may be tried again when that is over. */
function mayTryAgain(run: Run, now: Instant): boolean {
  return run.ended?.retryAt !== undefined && run.ended.retryAt <= now;
}

/** At the lower severity it has changed nothing, and no person has said no to it. */
function mayAct(run: Run, acts: (playbook: string) => boolean): boolean {
  if (run.mutated || hasActed(run) || wasStopped(run) || run.refused?.how === "rejected") return false;
  return run.ended?.state !== "observed" || acts(run.created.playbook);
}
