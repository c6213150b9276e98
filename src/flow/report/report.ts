import type { TimelineEntry } from "../../core/timeline.ts";
import type { IncidentView } from "../../core/views.ts";

/** P0–P2 and the severity scale that reports of other teams use. */
const SEV: Readonly<Record<string, string>> = { P0: "SEV1", P1: "SEV2", P2: "SEV3" };

/** The incident's report in Markdown: the union of the fields that runbooks ask for. Times are UTC. */
export function renderReport(view: IncidentView, timeline: readonly TimelineEntry[]): string {
  const sections = [summary(view), timelineSection(timeline), actions(view), checks(view), leases(view), people(view)];
  return `# Incident report: ${plain(view.incident.title)}\n\n${sections.join("\n\n")}\n`;
}

function summary({ incident, total, firing }: IncidentView): string {
  const end = incident.resolvedAt;
  const rows = [
    ["Incident", incident.id],
    ["Severity", `${incident.severity} (${SEV[incident.severity] ?? "-"})`],
    ["Status", incident.status],
    ["Start", utc(incident.startedAt)],
    ["End", end === undefined ? "still open" : utc(end)],
    ["MTTR", end === undefined ? "-" : `${Math.max(0, Math.round((end - incident.startedAt) / 60_000))} minutes`],
    ["Alerts", `${total}, ${firing} firing`],
    ["Key", plain(incident.key)],
    ["Impact", "_to be written by a person_"],
  ];
  return [
    "## Summary",
    "",
    "| field | value |",
    "|---|---|",
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ].join("\n");
}

function timelineSection(timeline: readonly TimelineEntry[]): string {
  const lines = timeline.map(
    (entry) => `- ${utc(entry.at)} **${entry.kind}** ${plain(entry.text)} _(${plain(entry.by)})_`,
  );
  return ["## Timeline", "", ...lines].join("\n");
}

function actions({ runs }: IncidentView): string {
  const lines = runs.flatMap((run) => [
    `- \`${run.playbook}\` on \`${run.target}\`: ${run.state.kind}${run.state.reason ? ` (${plain(run.state.reason)})` : ""}`,
    ...run.steps.map(
      (step) => `  - \`${step.path}\` ${step.outcome ?? step.state}${step.message ? `: ${plain(step.message)}` : ""}`,
    ),
  ]);
  return ["## Actions taken", "", ...(lines.length > 0 ? lines : ["- none"])].join("\n");
}

function checks({ runs }: IncidentView): string {
  const denied = runs.filter((run) => run.state.kind === "cancelled" || run.state.kind === "observed");
  const lines = denied.map((run) => `- \`${run.playbook}\`: ${plain(run.state.reason ?? run.sentence)}`);
  return ["## What was not done, and why", "", ...(lines.length > 0 ? lines : ["- nothing was held back"])].join("\n");
}

function leases(view: IncidentView): string {
  const lines = view.leases.map(
    (lease) => `- ${lease.id}: ${plain(lease.describe)}, ${lease.status}, ends ${utc(lease.endsAt)}`,
  );
  return ["## Leases", "", ...(lines.length > 0 ? lines : ["- none"])].join("\n");
}

function people({ approvals }: IncidentView): string {
  const votes = approvals.flatMap((approval) =>
    approval.votes.map(
      (vote) =>
        `- ${approval.id} ${vote.decision} by ${plain(vote.by)} at ${utc(vote.at)}${vote.reason ? `: ${plain(vote.reason)}` : ""}`,
    ),
  );
  return [
    "## Approvals",
    "",
    ...(votes.length > 0 ? votes : ["- none"]),
    "",
    "## Root cause, lessons, prevention",
    "",
    "_To be written by a person._",
    "",
    "- [ ] preventive measure",
    "- [ ] preventive measure",
    "- [ ] improvement of detection",
  ].join("\n");
}

function utc(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Alert text is data: one line, no control characters, no Markdown of its own. */
function plain(text: string): string {
  return [...text]
    .map((char) => ((char.codePointAt(0) ?? 0) < 32 ? " " : char))
    .join("")
    .replace(/[|`<>*_[\]]/g, (mark) => `\\${mark}`);
}
