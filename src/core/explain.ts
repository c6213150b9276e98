import type { Classified, RuleTrace } from "./classify.ts";
import { formatDuration } from "./duration.ts";
import type { Explanation, MatchNote } from "./episode.ts";
import type { MatchIndex } from "./match-index.ts";
import { unusable } from "./playbook/installation.ts";
import type { Matcher, Playbook } from "./playbook/playbook.ts";
import type { Severity } from "./severity.ts";
import type { Instant } from "./time.ts";

type Labels = Readonly<Record<string, string>>;

/** Playbooks that are worth a word although they do not match; more would drown the ones that do. */
const NEAR_MISSES = 5;

/** What a playbook is wanted for: the incident's severity, and whether it fires or has recovered. */
export type Occasion = { severity: Severity; on: "firing" | "recovered" };

/** Playbooks for an alert on this occasion, in the order of the ladder. */
export function playbooksFor(index: MatchIndex, labels: Labels, occasion: Occasion): readonly Playbook[] {
  return index.select(labels).filter((playbook) => unfit(playbook, occasion) === undefined);
}

/** Why each playbook that came into question was chosen or not; playbooks that share nothing with the alert are not named. */
export function matchNotes(index: MatchIndex, labels: Labels, occasion: Occasion): readonly MatchNote[] {
  const chosen = index.select(labels).map<MatchNote>((playbook) => {
    const why = unfit(playbook, occasion);
    const lacking = unusable(playbook);
    const reason = `all its matchers hold${lacking === undefined ? "" : `, but it cannot run here: ${lacking}`}`;
    return why === undefined
      ? { playbook: playbook.name, matched: true, reason }
      : { playbook: playbook.name, matched: false, reason: why };
  });
  const missed = index.nearMisses(labels, NEAR_MISSES).map<MatchNote>(({ playbook, failed }) => ({
    playbook: playbook.name,
    matched: false,
    reason: mismatch(failed, labels),
  }));
  return [...chosen, ...missed];
}

function unfit(playbook: Playbook, occasion: Occasion): string | undefined {
  if (playbook.on !== occasion.on) return `it runs on ${playbook.on}, not on ${occasion.on}`;
  if (playbook.severity.includes(occasion.severity)) return undefined;
  return `it is for ${playbook.severity.join(", ")}; the severity is ${occasion.severity}`;
}

function mismatch(failed: Matcher, labels: Labels): string {
  const value = Object.hasOwn(labels, failed.label) ? (labels[failed.label] ?? "") : "";
  const found = value === "" ? "the alert has no such label" : `it is ${JSON.stringify(value.slice(0, 100))}`;
  return `${failed.label} ${failed.operator} ${JSON.stringify(failed.value)} does not hold: ${found}`;
}

/** Why the alert got its level: `P1 by rule 4 (alert.labels.severity == "critical")`. */
export function levelReason(classified: Classified): string {
  const last = classified.trace.at(-1);
  if (classified.rule === undefined || last === undefined) return "none, as no severity rule matches";
  return `${classified.level} by rule ${classified.rule} (${last.reason})`;
}

/** Names the fact in the reason of a rule that could not be evaluated. */
const FACT = /\bfacts\.(\w+)/;

/** Says which severity rules were passed over, for what could not be measured or is not there; undefined when all was known. */
export function unknownReason(
  classified: Classified,
  facts: Readonly<Record<string, number | null>>,
): string | undefined {
  const unknown = classified.trace.filter((row) => row.answer === "unknown");
  const missing = (row: RuleTrace): string[] => {
    const name = FACT.exec(row.reason)?.[1];
    return name !== undefined && facts[name] === null ? [name] : [];
  };
  const unmeasured = unknown.filter((row) => missing(row).length > 0);
  const others = unknown.filter((row) => missing(row).length === 0);
  const parts = [
    ...(unmeasured.length === 0
      ? []
      : [`Not measurable: ${listed(unmeasured.flatMap(missing))}; severity ${rulesOf(unmeasured)} passed over.`]),
    ...(others.length === 0
      ? []
      : [`Severity ${rulesOf(others)} passed over: ${listed(others.map((row) => row.reason))}.`]),
  ];
  return parts.length === 0 ? undefined : parts.join(" ");
}

function rulesOf(rows: readonly RuleTrace[]): string {
  return `${rows.length === 1 ? "rule" : "rules"} ${rows.map((row) => row.rule).join(", ")}`;
}

function listed(words: readonly string[]): string {
  return [...new Set(words)].join(", ");
}

/** What an explanation is made of; without an incident the alert was recorded only. */
export type Findings = {
  at: Instant;
  facts: Readonly<Record<string, number | null>>;
  classified: Classified;
  incidentId?: string;
  notes: readonly MatchNote[];
};

/** Why an alert led where it led (`GET /api/v1/alerts/:id`). */
export function explain(found: Findings): Explanation {
  return {
    at: found.at,
    facts: found.facts,
    severity: found.classified.trace,
    level: found.classified.level,
    playbooks: found.notes,
    sentence: sentenceOf(found),
  };
}

function sentenceOf({ at, facts, classified, incidentId, notes }: Findings): string {
  if (incidentId === undefined) {
    const unknown = unknownReason(classified, facts);
    return `Recorded only: ${levelReason(classified)}.${unknown === undefined ? "" : ` ${unknown}`}${laterLook(classified, at)}`;
  }
  const matched = notes.filter((note) => note.matched).map((note) => note.playbook);
  const tail = matched.length === 0 ? "no playbook matches" : `matching playbooks: ${matched.join(", ")}`;
  return `${levelReason(classified)}; part of ${incidentId}; ${tail}.`;
}

function laterLook(classified: Classified, at: Instant): string {
  return classified.dueAt === undefined ? "" : ` It is looked at again in ${formatDuration(classified.dueAt - at)}.`;
}

/** An explanation for an alert that never came to its severity rules. */
export function explainUnlooked(at: Instant, sentence: string): Explanation {
  return { at, facts: {}, severity: [], level: "none", playbooks: [], sentence };
}
