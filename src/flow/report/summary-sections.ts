import { formatDuration } from "../../core/duration.ts";
import type { AlertRecord } from "../../core/episode.ts";
import { foundInForce } from "../../core/run/changed.ts";
import type { Instant } from "../../core/time.ts";
import { mttrMinutes, type ReportFacts, recoveryOf, severityText } from "./facts.ts";
import { BY_A_PERSON, minute, section, table, text } from "./markdown.ts";

/** Alerts that are described one by one. */
const SHOWN = 10;

const HOW = {
  measured: "measured: the checks held for their time",
  alerts: "not measured by a playbook: the alerts ended",
  person: "closed by a person",
  run: "no alert had opened it; its run ended",
} as const;

/** What happened, from when to when, how bad: RB-REPORT-5 and 12. */
export function summary(facts: ReportFacts): string {
  const { incident, total, firing } = facts.view;
  const recovery = recoveryOf(facts);
  const mttr = mttrMinutes(facts);
  const rows: [string, string][] = [
    ["Incident", incident.id],
    ["Severity", severityText(incident.severity)],
    ["Status", incident.status],
    ["Start", minute(incident.startedAt)],
    ["End", recovery === undefined ? "still open" : minute(recovery.at)],
    ["MTTR", mttr === undefined ? "-" : `${mttr} minutes`],
    ["Recovery", recovery === undefined ? "-" : HOW[recovery.how]],
    ["Alerts", `${total}, ${firing} firing`],
    ["Openings", String(incident.opening)],
    ["Key", text(incident.key)],
    ["Labels", labelsText(incident.labels)],
    ["Impact", BY_A_PERSON],
    ["Users and requests affected", BY_A_PERSON],
    ["Post-mortem due", dueText(facts)],
  ];
  return section("Summary", table(rows));
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).slice(0, 20);
  return pairs.length === 0 ? "-" : pairs.map(([name, value]) => text(`${name}=${value}`, 200)).join(", ");
}

function dueText({ view, postMortemWithin }: ReportFacts): string {
  const { resolvedAt } = view.incident;
  return resolvedAt === undefined || postMortemWithin === undefined ? "-" : minute(resolvedAt + postMortemWithin);
}

/** The moments that every post-mortem asks for: RB-REPORT-6. Only a person knows when the cause was found. */
export function milestones(facts: ReportFacts): string {
  const { incident } = facts.view;
  const at = (moment: Instant | undefined): string => (moment === undefined ? "-" : minute(moment));
  const rows: [string, string][] = [
    ["Alert fired", at(incident.startedAt)],
    ["Incident declared", at(incident.openedAt)],
    ...(incident.reopenedAt === undefined ? [] : [["Opened again", at(incident.reopenedAt)] as [string, string]]),
    ["Root cause identified", BY_A_PERSON],
    ["Mitigation applied", at(mitigatedAt(facts))],
    ["Resolved", at(incident.resolvedAt)],
  ];
  return section("Milestones", table(rows));
}

/** The first change that succeeded; what is undone or restored after it mitigates nothing. */
function mitigatedAt({ runs }: ReportFacts): Instant | undefined {
  const changes = runs
    .filter(({ created }) => created.trigger === "firing" || created.trigger === "manual")
    .flatMap((run) => [...run.steps.values()])
    .filter((step) => step.effect !== "read" && step.outcome === "succeeded" && !step.path.startsWith("undo/"))
    .filter((step) => !foundInForce(step));
  return changes.length === 0 ? undefined : Math.min(...changes.map((step) => step.at));
}

/** What was measured when the alerts were classified, and by which rule: RB-REPORT-11. */
export function classification({ view }: ReportFacts): string {
  const lines = view.episodes.slice(0, SHOWN).flatMap(alertLines);
  const rest = view.total - Math.min(SHOWN, view.episodes.length);
  return section("Alerts and facts at classification", rest > 0 ? [...lines, `- and ${rest} more`] : lines);
}

function alertLines({ alert, state, explanation }: AlertRecord): readonly string[] {
  const name = alert.labels["alertname"] ?? alert.fingerprint;
  const ended = state.status === "resolved" && state.endsAt !== undefined ? `, ended ${minute(state.endsAt)}` : "";
  const lasted = state.endsAt === undefined ? "" : ` (${formatDuration(Math.max(0, state.endsAt - state.startsAt))})`;
  const facts = Object.entries(explanation?.facts ?? {});
  return [
    `- **${text(name, 200)}**: fired ${minute(state.startsAt)}${ended}${ended === "" ? "" : lasted}`,
    ...(explanation ? [`  - ${text(explanation.sentence)}`] : []),
    ...facts.map(([fact, value]) => `  - ${text(fact)} = ${value === null ? "not measurable" : value}`),
    ...(alert.url === undefined ? [] : [`  - seen at ${text(alert.url, 300)}`]),
  ];
}
