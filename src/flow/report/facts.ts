import type { Incident } from "../../core/incident.ts";
import { type Lease, leftToUndo } from "../../core/lease.ts";
import { foundInForce, hasChanged, undoPath } from "../../core/run/changed.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { foldRun, type Run } from "../../core/run/run.ts";
import type { Store } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import { type IncidentView, isOvertaken } from "../../core/views.ts";
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
    view: { ...view, leases: view.leases.map((lease) => asUndone(lease, runs)) },
    runs: runs.toSorted((a, b) => a.created.at - b.created.at),
    timeline: await store.list<TimelineEntry>(`timeline:${id}`),
  };
}

/** A lease whose own run has undone the step is over, though it is looked at only later. */
function asUndone(lease: Lease, runs: readonly Run[]): Lease {
  const undo = runs.find(({ created }) => created.id === lease.runId)?.steps.get(undoPath(lease.step));
  if (lease.status !== "active" || undo?.outcome !== "succeeded") return lease;
  const left = leftToUndo(lease.undo, { uses: undo.uses, with: undo.input });
  return left === undefined ? { ...lease, status: "reverted" } : lease;
}

/** When the incident was over, and how that is known; `run`: there was no alert, and what it was opened for has ended. */
export type Recovery = { at: Instant; how: "measured" | "alerts" | "person" | "run" };

/**
 * The verified recovery: the end of the last run whose checks held for their time, unless the incident has become worse after it;
 * else the end of the alerts, or the moment a person closed it. Undefined while the incident is open.
 */
export function recoveryOf(facts: ReportFacts): Recovery | undefined {
  const { incident } = facts.view;
  if (incident.status === "open") return undefined;
  const measured = measuredRun(facts)?.ended;
  if (measured) return { at: measured.at, how: "measured" };
  if (incident.resolvedAt === undefined) return undefined;
  if (closedBy(incident, facts.timeline) !== undefined) return { at: incident.resolvedAt, how: "person" };
  return { at: incident.resolvedAt, how: facts.view.total === 0 ? "run" : "alerts" };
}

function measuredRun(facts: ReportFacts): Run | undefined {
  const last = facts.runs.findLast((run) => isMeasured(run, facts.view.incident));
  return last && !isOvertaken(facts.view, last.created.target, last.ended?.at ?? 0) ? last : undefined;
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

/** What is known of who helped: `repaired`, the checks of this run held; else it only made the last change, before what `before` says. */
export type Remedy = { run: Run; repaired: boolean; before: string };

const BEFORE: Readonly<Record<Recovery["how"], string>> = {
  measured: "recovery was measured",
  alerts: "the alerts ended",
  person: "it was closed",
  run: "its run ended",
};

/** The run to which the recovery is owed, or that changed something last before it. Undefined while the incident is open. */
export function remedyOf(facts: ReportFacts): Remedy | undefined {
  const recovery = recoveryOf(facts);
  if (!recovery) return undefined;
  const before = BEFORE[recovery.how];
  const measured = measuredRun(facts);
  if (measured && changedAt(measured, recovery.at) !== undefined) return { run: measured, repaired: true, before };
  const runs = facts.runs.filter((run) => isOwn(run, facts.view.incident));
  const [last] = runs
    .flatMap((run) => ({ run, at: changedAt(run, recovery.at) ?? 0 }))
    .filter(({ at }) => at > 0)
    .toSorted((a, b) => b.at - a.at);
  return last && { run: last.run, repaired: false, before };
}

/** When a run changed something last that it has not undone itself, up to this time. */
function changedAt({ steps }: Run, until: Instant): Instant | undefined {
  const left = [...steps.values()].filter(
    (step) =>
      hasChanged(step) &&
      !foundInForce(step) &&
      step.at <= until &&
      steps.get(undoPath(step.path))?.outcome !== "succeeded",
  );
  return left.length === 0 ? undefined : Math.max(...left.map(({ at }) => at));
}

function isMeasured(run: Run, incident: Incident): boolean {
  return run.ended?.state === "succeeded" && run.verifications.has("") && isOwn(run, incident);
}

/** Of this opening, and against its alerts: what undoes a lease or restores something after the recovery brings none about. */
function isOwn({ created }: Run, { opening }: Incident): boolean {
  return created.opening === opening && (created.trigger === "firing" || created.trigger === "manual");
}

/** P0–P2 with the scale that other teams' reports use: `P1 (SEV2)`. */
export function severityText(severity: string): string {
  const sev: Readonly<Record<string, string>> = { P0: "SEV1", P1: "SEV2", P2: "SEV3" };
  return `${severity} (${sev[severity] ?? "SEV4"})`;
}
