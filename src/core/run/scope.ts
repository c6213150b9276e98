import type { Scope, StepView } from "../scope.ts";
import type { Instant } from "../time.ts";
import type { StepPath } from "./events.ts";
import { isObservedOnly } from "./observed.ts";
import type { Run } from "./run.ts";

/** Where an expression stands: its step, or a round; `item` has the items of the `for-each` blocks around it. */
export type Standing = { path?: StepPath; item?: Scope["item"] | undefined };

/** What the run's expressions see now; without a path they see the steps as they are seen after the last one. */
export function scopeOf(run: Run, now: Instant, { path = "", item }: Standing = {}): Scope {
  const { created } = run;
  return {
    alert: created.alert,
    alerts: created.alerts,
    incident: {
      id: created.incidentId ?? "",
      key: created.incidentKey,
      severity: created.severity,
      opening: created.opening,
      labels: created.labels,
    },
    facts: run.facts,
    vars: created.vars,
    steps: stepViews(run, path),
    target: created.target,
    now,
    ...(item === undefined ? {} : { item }),
  };
}

/**
 * By step id; within a `for-each` those of the same round, after it the latest round's. Steps that have not ended, and changes that were
 * only observed, are absent, so that reading them is unknown.
 */
function stepViews(run: Run, path: StepPath): Readonly<Record<string, StepView>> {
  const views: Record<string, StepView> = {};
  const around = roundsAround(run, path);
  for (const record of run.steps.values()) {
    if (isObservedOnly(run, record) || isOfOtherRound(record.path, around)) continue;
    if (record.state !== "done" || record.outcome === undefined || record.path.startsWith("undo/")) continue;
    const id = record.path.slice(record.path.lastIndexOf("/") + 1);
    views[id] = { outcome: record.outcome, output: record.output ?? {} };
  }
  return views;
}

type RoundAround = { loop: string; round: string };

/** The rounds that a path stands in, each with the `for-each` that it is of. */
function roundsAround({ rounds }: Run, path: StepPath): readonly RoundAround[] {
  return [...rounds.keys()]
    .map((id) => `${id}/`)
    .filter((loop) => path.startsWith(loop))
    .map((loop) => ({ loop, round: `${loop}${path.slice(loop.length).split("/")[0]}/` }));
}

/** What a former round has found or done says nothing of this one's item. */
function isOfOtherRound(path: StepPath, around: readonly RoundAround[]): boolean {
  return around.some(({ loop, round }) => path.startsWith(loop) && !path.startsWith(round));
}
