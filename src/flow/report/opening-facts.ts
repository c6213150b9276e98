import type { Run } from "../../core/run/run.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import type { IncidentView } from "../../core/views.ts";
import type { EndedOpening } from "../ended-openings.ts";
import type { ReportFacts } from "./facts.ts";

/**
 * The facts of one opening that has ended: the incident as it stood then, and of the rest what had come before the next opening or belongs
 * to its runs. Undefined where the incident is another one by now, so that its present end has to be looked at anew.
 */
export function openingFacts(facts: ReportFacts, ended: EndedOpening): ReportFacts | undefined {
  const { incident, until } = ended;
  const { opening, resolvedAt } = facts.view.incident;
  if (until === undefined)
    return opening === incident.opening && resolvedAt === incident.resolvedAt ? facts : undefined;
  const runs = facts.runs.filter(({ created }) => created.opening <= incident.opening);
  const span: Span = { end: incident.resolvedAt ?? until, until, runs: new Set(runs.map(({ created }) => created.id)) };
  return {
    ...facts,
    view: viewOf(facts.view, ended, span),
    runs,
    timeline: facts.timeline.filter((entry) => isOf(span, entry)),
  };
}

/** From the first opening to the end of this one, and to the moment of the next. */
type Span = { end: number; until: number; runs: ReadonlySet<Run["created"]["id"]> };

function isOf({ end, until, runs }: Span, { at, runId }: Pick<TimelineEntry, "at" | "runId">): boolean {
  return at <= end || at < until || (runId !== undefined && runs.has(runId));
}

/** What is kept of the incident counts its alerts; a record that is older than its end may have joined only later, and does no harm. */
function viewOf(view: IncidentView, { incident }: EndedOpening, span: Span): IncidentView {
  return {
    ...view,
    incident: { ...incident, leases: view.incident.leases },
    episodes: view.episodes.filter(({ state }) => state.openedAt <= span.end),
    firing: incident.counts?.firing ?? 0,
    total: incident.counts?.total ?? view.total,
    approvals: view.approvals.filter(({ requestedAt, runId }) => isOf(span, { at: requestedAt, runId })),
    leases: view.leases.filter(({ createdAt, runId }) => isOf(span, { at: createdAt, runId })),
  };
}
