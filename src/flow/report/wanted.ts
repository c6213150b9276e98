import { join } from "node:path/posix";
import type { Approval } from "../../core/approval.ts";
import type { ReportSettings } from "../../core/config.ts";
import type { Lease } from "../../core/lease.ts";
import type { Instant } from "../../core/time.ts";
import { type LogLine, leaseLines, resolveLine, voteLine } from "./decision-line.ts";
import { mttrMinutes, type ReportFacts, remedyOf, severityText } from "./facts.ts";
import { minute, text } from "./markdown.ts";
import { renderReport } from "./report.ts";

/** Something that must stand in a file, once. `key` is its name in the incident's document `report`. */
export type Wanted =
  | { kind: "append"; key: string; path: string; line: LogLine; head?: string; said?: string }
  | { kind: "create"; key: string; path: string; text: string; said: string };

type Decisions = { approvals: readonly Approval[]; leases: readonly Lease[] };

/** One decision-log line per approval, rejection and manual revert so far. */
export function wantedDecisions(
  settings: ReportSettings,
  incident: string,
  { approvals, leases }: Decisions,
): readonly Wanted[] {
  const path = settings.decisionLog;
  if (path === undefined) return [];
  const about = { incident, chapter: settings.chapter };
  const votes = approvals.flatMap((approval) =>
    approval.votes.map((vote): Wanted => {
      const key = `${vote.decision} ${approval.id} ${vote.person} ${vote.at}`;
      return { kind: "append", key, path, line: voteLine(approval, vote, about) };
    }),
  );
  const ends = leases
    .flatMap((lease) => leaseLines(lease, about))
    .map((one): Wanted => ({ kind: "append", path, ...one }));
  return [...votes, ...ends];
}

/** What a resolution leaves on disk: the report, its line in the decision log, its entry in the incidents log. */
export function wantedAtEnd(settings: ReportSettings, facts: ReportFacts, resolvedAt: Instant): readonly Wanted[] {
  const { incident } = facts.view;
  const { opening } = incident;
  const path = join(settings.directory, reportName(facts));
  const wanted: Wanted[] = [
    { kind: "create", key: reportKey(opening), path, text: renderReport(facts), said: `report written: ${path}` },
  ];
  if (settings.decisionLog !== undefined) {
    const line = resolveLine(facts, resolvedAt, settings.chapter);
    const said = `decision log: ${line.text}`;
    wanted.push({ kind: "append", key: `resolve ${opening}`, path: settings.decisionLog, line, said });
  }
  if (settings.incidentsLog !== undefined) {
    const line = incidentEntry(facts, resolvedAt, path);
    const head = "# Incidents\n\n";
    wanted.push({ kind: "append", key: `entry ${opening}`, path: settings.incidentsLog, line, head });
  }
  return wanted;
}

/** The key under which the report of an opening is marked as written. */
export function reportKey(opening: number): string {
  return `report ${opening}`;
}

/** `litellm-ecs_incident_20261121_1203_inc-12.md`; an incident that was resolved again gets another file. */
export function reportName(facts: ReportFacts): string {
  const { incident } = facts.view;
  const run = remedyOf(facts)?.run ?? facts.runs[0];
  const name = slug(run?.created.playbook ?? "") || slug(incident.title) || "incident";
  const [date, time] = new Date(incident.openedAt).toISOString().slice(0, 16).replace(/[-:]/g, "").split("T");
  const again = incident.opening > 1 ? `_${incident.opening}` : "";
  return `${name}_incident_${date}_${time}_${slug(incident.id)}${again}.md`;
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 80);
}

function incidentEntry(facts: ReportFacts, at: Instant, path: string): LogLine {
  const { incident } = facts.view;
  const start = `- ${minute(at)}: ${text(incident.id)}, `;
  const mttr = `MTTR ${mttrMinutes(facts) ?? 0} minutes`;
  const again = incident.opening > 1 ? `, opening ${incident.opening}` : "";
  const what = `${severityText(incident.severity)}${again}, ${text(incident.title, 200)}; `;
  return { text: `${start}${what}${mttr}; report ${text(path, 300)}`, mark: [start, what] };
}
