import type { Metrics } from "../../core/metrics.ts";
import type { RunEvent } from "../../core/run/events.ts";
import type { Run } from "../../core/run/run.ts";
import type { RunStateKind } from "../../core/views.ts";

/** Counts a journal event that has been stored. `run` is the run after it. */
export function countEvent(metrics: Metrics, run: Run, event: RunEvent): void {
  const state = enteredState(event);
  if (state !== undefined) metrics.run(run.created.playbook, state);
  if (event.type === "outcome") metrics.step(run.steps.get(event.path)?.uses ?? "", event.outcome, event.reason);
  if (event.type === "asked") {
    metrics.approval("pending");
    for (const guard of event.guards) metrics.guard(guard, "ask");
  }
  const denied = event.type === "ended" ? /^denied\.([a-z-]+)/.exec(event.reason)?.[1] : undefined;
  if (denied !== undefined) metrics.guard(denied, "deny");
}

/** The state that an event brings a run into, where people count it. */
function enteredState(event: RunEvent): RunStateKind | undefined {
  switch (event.type) {
    case "asked":
      return "awaiting_approval";
    case "unknown":
      return "unknown_outcome";
    case "verifying":
      return event.path === undefined ? "verifying" : undefined;
    case "reverting":
      return "reverting";
    case "ended":
      return event.state;
    default:
      return undefined;
  }
}
