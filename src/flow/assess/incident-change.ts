import { raised } from "../../core/classify.ts";
import { commonLabels, titleOf } from "../../core/correlate.ts";
import type { Incident } from "../../core/incident.ts";
import { isWorse, type Severity } from "../../core/severity.ts";
import type { Instant } from "../../core/time.ts";
import type { Judged } from "./judge.ts";
import type { IncidentCase } from "./sort.ts";

/** An incident before and after one assessment, and what that means to people. */
export type IncidentChange = {
  before?: Incident;
  incident: Incident;
  /** The transition, if there is one; joining and closing alone are none. */
  turn?: "opened" | "reopened" | "resolved";
  /** The former severity, when it rose within an opening. */
  raisedFrom?: Severity;
};

/** The incident after these episodes joined, stayed or closed. Pure; the sets are changed beside it by the same counts. */
export function changeIncident(one: IncidentCase, at: { id: string; now: Instant }): IncidentChange {
  const before = one.known?.body;
  if (before === undefined) return { incident: counted(opened(one, at), one), turn: "opened" };
  const reopens = before.status === "resolved" && one.joining.length > 0;
  if (reopens) return { before, incident: counted(reopened(before, one, at.now), one), turn: "reopened" };
  return goesOn(before, one, at.now);
}

function goesOn(before: Incident, one: IncidentCase, now: Instant): IncidentChange {
  const severity = worstOf([...one.joining, ...one.keeping], before.severity);
  const grown = counted({ ...before, severity, startedAt: earliest(one, before.startedAt) }, one);
  if (before.status === "resolved") return { before, incident: counted(before, one) };
  if (one.closing.length > 0 && (grown.counts?.firing ?? 0) <= 0)
    return { before, incident: resolved(grown, now), turn: "resolved" };
  const joined = one.joining.length > 0 ? { status: "open" as const, joinedAt: now } : {};
  if (severity === before.severity) return { before, incident: { ...grown, ...joined } };
  return { before, incident: { ...selectingAnew(grown, now), ...joined }, raisedFrom: before.severity };
}

/** A higher severity opens every ladder again, and what was mitigated at the lower one is open. */
function selectingAnew(before: Incident, now: Instant): Incident {
  const { escalatedAt: _, escalatedFor: __, exhausted: ___, ...incident } = before;
  return { ...incident, status: "open", raisedAt: now };
}

/** The incident when nothing of it fires any more. */
export function resolved(incident: Incident, now: Instant): Incident {
  const { reassessAt: _, ...rest } = incident;
  return { ...rest, status: "resolved", resolvedAt: now };
}

function opened({ joining, correlation }: IncidentCase, { id, now }: { id: string; now: Instant }): Incident {
  const labels = joining.map((one) => one.seen.subject.alert.labels);
  const first = worstFirst(joining)[0];
  return {
    id,
    key: correlation.key,
    labels: { ...commonLabels(labels), ...correlation.labels },
    title: titleOf(first?.seen.subject.alert.labels ?? {}, correlation),
    severity: worstOf(joining, undefined),
    status: "open",
    opening: 1,
    openedAt: now,
    startedAt: earliest({ joining }, now),
    runs: [],
    leases: [],
  };
}

/** Severity starts anew with what fires now; what people said of the former opening about escalation is over. */
function reopened(before: Incident, one: IncidentCase, now: Instant): Incident {
  const { resolvedAt: _, escalatedAt: __, ladders: ___, noted: ____, reassessAt: _____, ...others } = before;
  const { exhausted: _exhausted, escalatedFor: _escalatedFor, raisedAt: _raisedAt, ...rest } = others;
  return {
    ...rest,
    severity: worstOf(one.joining, undefined),
    status: "open",
    opening: before.opening + 1,
    reopenedAt: now,
  };
}

function counted(incident: Incident, { joining, closing }: IncidentCase): Incident {
  const { firing, total } = incident.counts ?? { firing: 0, total: 0 };
  return { ...incident, counts: { firing: firing + joining.length - closing.length, total: total + joining.length } };
}

/** Only joining and keeping episodes with a level count, so there is always one where an incident opens. */
function worstOf(judged: readonly Judged[], present: Severity | undefined): Severity {
  const worst = judged.reduce<Severity | undefined>((at, one) => raised(at, one.classified.level), present);
  return worst ?? "P2";
}

function earliest({ joining }: Pick<IncidentCase, "joining">, limit: Instant): Instant {
  return joining.reduce((first, one) => Math.min(first, one.seen.state.startsAt), limit);
}

/** The worst level first, then the one that began first. */
export function worstFirst(judged: readonly Judged[]): readonly Judged[] {
  return [...judged].sort(
    (a, b) => rank(a, b) || a.seen.state.startsAt - b.seen.state.startsAt || (a.seen.id < b.seen.id ? -1 : 1),
  );
}

function rank(a: Judged, b: Judged): number {
  const one = a.classified.level;
  const other = b.classified.level;
  if (one === other) return 0;
  if (one === "none") return 1;
  return other === "none" || isWorse(one, other) ? -1 : 1;
}
