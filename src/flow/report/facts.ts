import type { Incident } from "../../core/incident.ts";
import { hasChanged } from "../../core/run/changed.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { foldRun, type Run } from "../../core/run/run.ts";
import type { Store } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import type { IncidentView } from "../../core/views.ts";
import { incidentView } from "../desk/incident-view.ts";

/** Everything a report is made of, read at one moment. */
export type ReportFacts = {
  view: IncidentView;
  /** The journals of its runs, those that undid a lease included, oldest first. */
  runs: readonly Run[];
  timeline: readonly TimelineEntry[];
  /** How long after the resolution a post-mortem is due, where that is configured. */
  postMortemWithin?: Milliseconds;
};

/** Reads an incident for its report; undefined when there is none (any more). */
export async function readFacts(store: Store, id: string): Promise<ReportFacts | undefined> {
  const view = await incidentView(store, id);
  if (!view) return undefined;
  const undone = view.leases.flatMap((lease) => lease.revertRun ?? []);
  const loaded = await Promise.all([...new Set([...view.incident.runs, ...undone])].map((run) => store.loadRun(run)));
  const runs = loaded.filter((one) => one.events.length > 0).map((one) => foldRun(one.events as readonly RunEvent[]));
  return {
    view,
    runs: runs.toSorted((a, b) => a.created.at - b.created.at),
    timeline: await store.list<TimelineEntry>(`timeline:${id}`),
  };
}

/** When the incident was over, and how that is known. */
export type Recovery = { at: Instant; how: "measured" | "alerts" | "person" };

/**
 * The verified recovery: the end of the last run whose checks held for their time, unless an alert fired anew after it; else the
 * end of the alerts, or the moment a person closed it. Undefined while the incident is open.
 */
export function recoveryOf({ view, runs, timeline }: ReportFacts): Recovery | undefined {
  const { incident, episodes } = view;
  if (incident.status === "open") return undefined;
  const last = runs.filter((run) => isMeasured(run, incident)).at(-1)?.ended;
  if (last && !episodes.some((episode) => episode.state.openedAt > last.at)) return { at: last.at, how: "measured" };
  if (incident.resolvedAt === undefined) return undefined;
  return { at: incident.resolvedAt, how: closedBy(incident, timeline) === undefined ? "alerts" : "person" };
}

/** Who closed the incident by hand; undefined when it ended by itself. */
export function closedBy({ resolvedAt }: Incident, timeline: readonly TimelineEntry[]): string | undefined {
  return timeline.find((entry) => entry.kind === "decision" && entry.at === resolvedAt)?.by;
}

/** Whole minutes from the first alert's start to the verified recovery; undefined while it is open. */
export function mttrMinutes(facts: ReportFacts): number | undefined {
  const recovery = recoveryOf(facts);
  const { startedAt } = facts.view.incident;
  return recovery && Math.max(0, Math.round((recovery.at - startedAt) / 60_000));
}

/** The run that brought the recovery: the last of the present opening that succeeded and has changed something. */
export function winnerOf({ view, runs }: ReportFacts): Run | undefined {
  return runs
    .filter((run) => run.ended?.state === "succeeded" && isOwn(run, view.incident))
    .findLast((run) => [...run.steps.values()].some(hasChanged));
}

function isMeasured(run: Run, incident: Incident): boolean {
  return run.ended?.state === "succeeded" && run.verifications.has("") && isOwn(run, incident);
}

function isOwn({ created }: Run, { opening }: Incident): boolean {
  return created.opening === opening && created.lease === undefined;
}

/** P0–P2 with the scale that other teams' reports use: `P1 (SEV2)`. */
export function severityText(severity: string): string {
  const sev: Readonly<Record<string, string>> = { P0: "SEV1", P1: "SEV2", P2: "SEV3" };
  return `${severity} (${sev[severity] ?? "SEV4"})`;
}
