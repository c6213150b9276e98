import type { Alert, AlertGroup } from "../../core/alert.ts";
import { type Correlation, correlate, correlator } from "../../core/correlate.ts";
import type { AlertRecord } from "../../core/episode.ts";
import type { EpisodeKey, IntakeEntry } from "../../core/intake.ts";
import type { AlertView, Scope } from "../../core/scope.ts";
import type { Instant } from "../../core/time.ts";
import type { Facts } from "./facts.ts";

/** One episode lineage to look at, with the text known of its alert. What to do hangs on its current state, not on the text. */
export type Subject = {
  key: EpisodeKey;
  alert: Alert;
  correlation: Correlation;
  truncated: boolean;
  /** Stream entry that the text came from. */
  entry: string;
  /** When it was accepted, where that began the first episode of its fingerprint. */
  first?: Instant;
  /** Stored episodes that made it a subject; they may be former ones by now. */
  episodes?: readonly string[];
};

/** The alerts of an accepted body whose episode changed by it. */
export function subjectsOfEntry(entry: IntakeEntry, group: AlertGroup, by: readonly string[]): readonly Subject[] {
  const alerts = new Map(group.alerts.map((alert) => [alert.fingerprint, alert]));
  const correlationOf = correlator(by);
  return entry.changed.flatMap((fingerprint) => {
    const alert = alerts.get(fingerprint);
    if (alert === undefined) return [];
    const correlation = correlationOf(alert.labels);
    const truncated = group.truncatedAlerts > 0;
    const first = entry.first ? { first: entry.acceptedAt } : {};
    return [{ key: { source: entry.source, fingerprint }, alert, correlation, truncated, entry: entry.id, ...first }];
  });
}

/** One subject per fingerprint: bodies that are assessed together may carry the same alert. */
export function newestSubjects(subjects: readonly Subject[]): readonly Subject[] {
  const newest = new Map<string, Subject>();
  for (const subject of subjects) {
    const lineage = `${subject.key.source} ${subject.key.fingerprint}`;
    const other = newest.get(lineage);
    if (other === undefined || compareEntries(other.entry, subject.entry) < 0) newest.set(lineage, subject);
  }
  return [...newest.values()];
}

/** Episodes that are looked at again, with the newest text that is stored of them; one subject per fingerprint. */
export function subjectsOfRecords(records: readonly AlertRecord[], by: readonly string[]): readonly Subject[] {
  const lineages = Map.groupBy(records, (record) => `${record.source} ${record.alert.fingerprint}`);
  return [...lineages.values()].flatMap((rows) => {
    const newest = rows.reduce((best, one) => (one.state.opening > best.state.opening ? one : best));
    return [{ ...subjectOfRecord(newest, by), episodes: rows.map((row) => row.id) }];
  });
}

function subjectOfRecord({ source, alert, truncated, entry }: AlertRecord, by: readonly string[]): Subject {
  const key = { source, fingerprint: alert.fingerprint };
  return { key, alert, correlation: correlate(alert.labels, by), truncated, entry };
}

/** Negative when `a` is the older stream entry (`milliseconds-sequence`). */
export function compareEntries(a: string, b: string): number {
  const [aTime = 0, aSequence = 0] = a.split("-").map(Number);
  const [bTime = 0, bSequence = 0] = b.split("-").map(Number);
  return aTime === bTime ? aSequence - bSequence : aTime - bTime;
}

function viewOf(alert: Alert | AlertView): AlertView {
  const { labels, annotations, status, startsAt, fingerprint } = alert;
  return { labels, annotations, status, startsAt, fingerprint };
}

type ScopeParts = {
  alert: Alert | AlertView;
  now: Instant;
  vars: Readonly<Record<string, unknown>>;
  facts?: Facts;
  incident?: Scope["incident"];
};

const NO_INCIDENT: Scope["incident"] = { id: "", key: "", severity: "", opening: 0, labels: {} };

/** The names that facts, severity rules and a playbook's target see; there is no run yet. */
export function alertScope({ alert, now, vars, facts = {}, incident = NO_INCIDENT }: ScopeParts): Scope {
  const view = viewOf(alert);
  return { alert: view, alerts: [view], incident, facts, vars, steps: {}, target: "", now };
}
