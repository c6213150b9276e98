import type { Approval, Vote } from "../../core/approval.ts";
import type { Lease } from "../../core/lease.ts";
import { oneLine } from "../../core/one-line.ts";
import type { Instant } from "../../core/time.ts";
import { closedBy, mttrMinutes, type ReportFacts, remedyOf, severityText } from "./facts.ts";

/** A line for a log, with the parts by which it is found there again after a crash. */
export type LogLine = { text: string; mark: readonly string[] };

type Fields = {
  at: Instant;
  operator: string;
  chapter: string;
  action: "resolve_outage" | "approve" | "reject" | "revert" | "keep";
  incident: string;
  cause: string;
  mttr: string;
  impact: string;
  /** The part of the impact that tells a later opening from one that ended within the same second. */
  opening?: readonly string[];
};

/** Values of the line may hold anything: no separator, line break or control character of theirs remains. */
const value = (text: string, max = 300): string => oneLine(text, max).replaceAll("|", "/") || "-";

/** The decision log's line, exactly as RB-REPORT-1 has it. Found again by time, action, incident and who. */
function lineOf(fields: Fields): LogLine {
  const { at, chapter, action, incident, mttr } = fields;
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  const what = `CHAPTER=${chapter} | ACTION=${action} | INCIDENT=${value(incident)}`;
  const cause = `CAUSE=${value(fields.cause)}`;
  const text = `${time} | OPERATOR=${value(fields.operator, 80)} | ${what} | ${cause} | MTTR=${mttr} | IMPACT=${value(fields.impact)}`;
  const found = ` | ACTION=${action} | INCIDENT=${value(incident)} | `;
  const own =
    action === "resolve_outage"
      ? (fields.opening ?? [])
      : [` | OPERATOR=${value(fields.operator, 80)} | `, ` | ${cause} | `];
  return { text, mark: [`${time} | `, found, ...own] };
}

/** The line of a resolution; the root cause is a person's to find, so the line says what is known. */
export function resolveLine(facts: ReportFacts, at: Instant, chapter: string): LogLine {
  const { incident, total } = facts.view;
  const opening = incident.opening > 1 ? [`, opening ${incident.opening}, `] : [];
  return lineOf({
    at,
    operator: operatorOf(facts),
    chapter,
    action: "resolve_outage",
    incident: incident.id,
    cause: `not analysed yet; ${incident.title}; ${remedyText(facts)}`,
    mttr: `${mttrMinutes(facts) ?? 0}m`,
    opening,
    impact: `${severityText(incident.severity)}${opening[0] ?? ", "}${total} ${total === 1 ? "alert" : "alerts"} on ${incident.key}`,
  });
}

function remedyText(facts: ReportFacts): string {
  const remedy = remedyOf(facts);
  if (!remedy) return "no playbook remedied it";
  const { playbook } = remedy.run.created;
  return remedy.repaired ? `remedied by ${playbook}` : `last change before ${remedy.before}: ${playbook}`;
}

/** Who decided: who closed it, approved the repair or the last change, or started that; `stanch` if nobody. */
function operatorOf(facts: ReportFacts): string {
  const winner = remedyOf(facts)?.run;
  const by = closedBy(facts.view.incident, facts.timeline) ?? winner?.grants.at(-1)?.by ?? winner?.created.by;
  return bare(by ?? "stanch");
}

/** `anna (slack)` is anna. */
function bare(name: string): string {
  return name.replace(/ \((?:slack|api|cli|console|stanch)\)$/, "");
}

/** The line of one person's vote. */
export function voteLine(approval: Approval, vote: Vote, about: { incident: string; chapter: string }): LogLine {
  const why = `${vote.keep ? ", to be kept" : ""}${vote.reason ? `: ${vote.reason}` : ""}`;
  return lineOf({
    ...about,
    at: vote.at,
    operator: bare(vote.by),
    action: vote.decision,
    cause: `${approval.id} for ${approval.playbook} on ${approval.target}${why}`,
    mttr: "-",
    impact: approval.steps.map((step) => step.describe).join("; "),
  });
}

type Person = { by: string; at: Instant };

/** The lines of what a person decided about a lease: to have it undone, or what it has changed kept. */
export function leaseLines(
  lease: Lease,
  about: { incident: string; chapter: string },
): readonly { key: string; line: LogLine }[] {
  const { id, playbook, target, describe } = lease;
  const decided = (action: "revert" | "keep", person: Person | undefined) => {
    if (!person) return [];
    const cause = `lease ${id} of ${playbook} on ${target}`;
    const { by, at } = person;
    const line = lineOf({ ...about, at, operator: bare(by), action, cause, mttr: "-", impact: describe });
    return [{ key: `${action} ${id} ${at}`, line }];
  };
  return [...decided("revert", lease.revertedBy), ...decided("keep", lease.keptBy)];
}
