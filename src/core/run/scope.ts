import type { Scope, StepView } from "../scope.ts";
import type { Instant } from "../time.ts";
import { isObservedOnly } from "./observed.ts";
import type { Run } from "./run.ts";

/** What the run's expressions see now. `item` is the current item of the innermost `for-each`. */
export function scopeOf(run: Run, now: Instant, item?: Scope["item"]): Scope {
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
    steps: stepViews(run),
    target: created.target,
    now,
    ...(item === undefined ? {} : { item }),
  };
}

/**
 * By step id; in a `for-each` the latest round's. Steps that have not ended, and changes that were only observed, are absent, so
 * that reading them is unknown.
 */
function stepViews(run: Run): Readonly<Record<string, StepView>> {
  const views: Record<string, StepView> = {};
  for (const record of run.steps.values()) {
    if (isObservedOnly(run, record)) continue;
    if (record.state !== "done" || record.outcome === undefined || record.path.startsWith("undo/")) continue;
    const id = record.path.slice(record.path.lastIndexOf("/") + 1);
    views[id] = { outcome: record.outcome, output: record.output ?? {} };
  }
  return views;
}
