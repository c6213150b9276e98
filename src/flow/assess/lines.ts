import { formatDuration } from "../../core/duration.ts";
import type { AlertRecord } from "../../core/episode.ts";
import { levelReason, unknownReason } from "../../core/explain.ts";
import type { Incident } from "../../core/incident.ts";
import type { Instant } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import { type IncidentChange, worstFirst } from "./incident-change.ts";
import type { Judged } from "./judge.ts";
import type { IncidentCase } from "./sort.ts";

/** Up to this many alerts every arrival and departure is a line; beyond, only the milestones are. */
export const TOLD_SINGLY = 5;
const MILESTONES = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
/** Names in one line. */
const NAMED = 3;

/** The timeline's lines for one change of an incident, in reading order. */
export function changeLines(one: IncidentCase, change: IncidentChange, now: Instant): readonly TimelineEntry[] {
  const lines = [
    turnLine(one, change, now),
    change.turn === undefined ? joinLine(one, change, now) : undefined,
    doubtfulLine(one, now),
    raiseLine(one, change, now),
    ...stateLines(one, now),
    change.turn === "resolved" ? undefined : closeLine(one, change, now),
    vanishedLine(one, change, now),
    change.turn === "resolved" ? resolvedLine(change.incident, now) : undefined,
  ];
  return lines.filter((line) => line !== undefined);
}

function turnLine(
  one: IncidentCase,
  { turn, incident, before }: IncidentChange,
  now: Instant,
): TimelineEntry | undefined {
  const worst = worstFirst(one.joining)[0];
  if (worst === undefined || (turn !== "opened" && turn !== "reopened")) return undefined;
  const count = `${alerts(one.joining.length)} ${one.joining.length === 1 ? "fires" : "fire"}`;
  const reason = levelReason(worst.classified);
  const since = now - (before?.resolvedAt ?? now);
  const text =
    turn === "opened"
      ? `Opened: ${incident.title}; ${count}; ${reason}`
      : `Opened again (opening ${incident.opening}), ${formatDuration(since)} after it was resolved: ${namesOf(one.joining)}; ${reason}`;
  return { at: now, kind: "incident", text, by: worst.seen.subject.key.source };
}

function joinLine(one: IncidentCase, { incident, before }: IncidentChange, now: Instant): TimelineEntry | undefined {
  const total = incident.counts?.total ?? 0;
  const first = one.joining[0];
  if (first === undefined || !isWorthALine(total - one.joining.length, total)) return undefined;
  const anew = before?.status === "mitigated" ? "; no longer mitigated" : "";
  const text = `${alerts(one.joining.length)} more: ${namesOf(one.joining)}; ${incident.counts?.firing} firing now${anew}`;
  return { at: now, kind: "alert", text, by: first.seen.subject.key.source };
}

function closeLine(one: IncidentCase, { incident }: IncidentChange, now: Instant): TimelineEntry | undefined {
  const gone = one.closing.filter((closing) => closing.how !== "vanished");
  const [first] = gone;
  if (first === undefined || incident.status === "resolved") return undefined;
  const left = incident.counts?.firing ?? 0;
  if (!isWorthALine(left, left + gone.length)) return undefined;
  const text = `${listed(gone.map((closing) => nameOf(closing.doc.body)))} resolved; ${left} still firing`;
  return { at: now, kind: "alert", text, by: first.doc.body.source };
}

function vanishedLine(one: IncidentCase, { incident }: IncidentChange, now: Instant): TimelineEntry | undefined {
  const gone = one.closing.filter((closing) => closing.how === "vanished");
  const [first] = gone;
  const left = incident.counts?.firing ?? 0;
  if (first === undefined || !isWorthALine(left, left + gone.length)) return undefined;
  const { source } = first.doc.body;
  const them = gone.length === 1 ? "it" : "them";
  const names = listed(gone.map(({ doc }) => nameOf(doc.body)));
  const text = `${names} vanished: ${source} no longer knows ${them}, though it never sent a resolved`;
  return { at: now, kind: "alert", text: left === 0 ? text : `${text}; ${left} still firing`, by: "stanch" };
}

/** Without a number: an alert that came back may have been counted each time. */
function resolvedLine({ counts, openedAt, reopenedAt }: Incident, now: Instant): TimelineEntry {
  const they = counts?.total === 1 ? "its alert has" : "all its alerts have";
  const text = `Resolved after ${formatDuration(now - (reopenedAt ?? openedAt))}: ${they} ended`;
  return { at: now, kind: "incident", text, by: "stanch" };
}

function raiseLine(
  one: IncidentCase,
  { incident, raisedFrom }: IncidentChange,
  now: Instant,
): TimelineEntry | undefined {
  const worst = worstFirst([...one.joining, ...one.keeping])[0];
  if (raisedFrom === undefined || worst === undefined) return undefined;
  const text = `Severity raised from ${raisedFrom} to ${incident.severity}: ${levelReason(worst.classified)} for ${namesOf([worst])}`;
  return { at: now, kind: "severity", text, by: "stanch" };
}

function doubtfulLine(one: IncidentCase, now: Instant): TimelineEntry | undefined {
  const doubtful = one.joining.filter((joining) => joining.seen.state.doubtful);
  if (doubtful.length === 0) return undefined;
  const text = `Doubtful: ${namesOf(doubtful)} did not begin after its former end, so changes are asked for`;
  return { at: now, kind: "alert", text, by: "stanch" };
}

/** CloudWatch's INSUFFICIENT_DATA: the episode goes on, its state is not known; and what ends that without ending the episode. */
const STATE_TEXTS = {
  unknown: "the source has no data; counted as firing until it says otherwise",
  firing: "the source has data again, and says that it fires",
} as const;

function stateLines(one: IncidentCase, now: Instant): readonly TimelineEntry[] {
  return (["unknown", "firing"] as const).flatMap((status) => {
    const turned = one.keeping.filter(({ seen }) => {
      const before = seen.doc?.body.state.status;
      return seen.state.status === status && before !== undefined && before !== status;
    });
    const [first] = turned;
    if (first === undefined) return [];
    const text = `${namesOf(turned)}: ${STATE_TEXTS[status]}`;
    return [{ at: now, kind: "alert", text, by: first.seen.subject.key.source }];
  });
}

/** Remarks that stand for a while; the caller says each once. */
export function standingRemarks(judged: readonly Judged[]): readonly string[] {
  const remarks = judged.flatMap((one) => unknownReason(one.classified, one.facts) ?? []);
  return [...new Set(remarks)].slice(0, NAMED);
}

/** The alert's name for people: its alertname, else its fingerprint. */
export function nameOf({ alert }: Pick<AlertRecord, "alert">): string {
  return alert.labels["alertname"] || alert.fingerprint;
}

function namesOf(judged: readonly Judged[]): string {
  return listed(judged.map((one) => nameOf(one.seen.subject)));
}

/** `A, B, C and 4 others`; equal names once, with their number. */
export function listed(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const parts = [...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count})`));
  const rest = parts.length - NAMED;
  return rest > 0 ? `${parts.slice(0, NAMED).join(", ")} and ${rest} others` : parts.join(", ");
}

function alerts(count: number): string {
  return count === 1 ? "1 alert" : `${count} alerts`;
}

/** True while few are concerned, and whenever the number passes a milestone. */
export function isWorthALine(few: number, many: number): boolean {
  return few < TOLD_SINGLY || MILESTONES.some((milestone) => few < milestone && milestone <= many);
}
