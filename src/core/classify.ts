import type { SeverityRule } from "./config.ts";
import type { Explanation } from "./episode.ts";
import type { Condition, Evaluated, Scope } from "./scope.ts";
import { isWorse, type Level, type Severity } from "./severity.ts";
import type { Instant } from "./time.ts";

/** One looked-at severity rule and what it answered; rules count from 1. */
export type RuleTrace = Explanation["severity"][number];

/** What the severity rules make of one alert. */
export type Classified = {
  level: Level;
  /** The rule that decided, from 1; absent when none did. */
  rule?: number;
  /** Every rule that was looked at, in order. */
  trace: readonly RuleTrace[];
  /** When the earliest `for` of a rule that holds already will have passed. */
  dueAt?: Instant;
  /** True when a rule that was looked at reads a fact or is unknown: the answer may change while the alert fires. */
  mayChange: boolean;
};

/**
 * The first rule that holds decides. One that holds, but not for its `for` yet (counted from the episode's opening), answers
 * `not-yet` and the next rule is asked; one that cannot be evaluated does not match (section 14.6). Pure.
 */
export function classify(rules: readonly SeverityRule[], scope: Scope, openedAt: Instant): Classified {
  const trace: RuleTrace[] = [];
  let dueAt: Instant | undefined;
  let mayChange = false;
  for (const [index, rule] of rules.entries()) {
    const seen = lookAt(rule, index + 1, scope, openedAt);
    trace.push(seen.row);
    mayChange ||= rule.when.reads.length > 0 || seen.row.answer === "unknown";
    if (seen.row.answer === "match") return result({ level: rule.level, rule: index + 1, trace, mayChange }, dueAt);
    if (seen.dueAt !== undefined) dueAt = Math.min(dueAt ?? seen.dueAt, seen.dueAt);
  }
  return result({ level: "none", trace, mayChange }, dueAt);
}

function result(classified: Classified, dueAt: Instant | undefined): Classified {
  return dueAt === undefined ? classified : { ...classified, dueAt };
}

function lookAt(
  rule: SeverityRule,
  number: number,
  scope: Scope,
  openedAt: Instant,
): { row: RuleTrace; dueAt?: Instant } {
  const row = { rule: number, level: rule.level };
  const answer = answerOf(rule.when, scope);
  if (!answer.known) return { row: { ...row, answer: "unknown", reason: answer.why } };
  if (!answer.value) return { row: { ...row, answer: "no", reason: rule.when.text } };
  const due = openedAt + rule.for;
  if (rule.for > 0 && scope.now < due) {
    const reason = `${rule.when.text}, but the alert must fire ${seconds(due - scope.now)} s longer`;
    return { row: { ...row, answer: "not-yet", reason }, dueAt: due };
  }
  return { row: { ...row, answer: "match", reason: rule.when.text } };
}

/** A comparison of one fact with a number: nothing in it could absorb an unknown. */
const COMPARISON = /^facts\.\w+ *(?:[<>]=?|[!=]=) *[\d.]+$/;

/** An unknown costs the evaluator an exception; storms of alerts without the fact would pay it for every rule. */
function answerOf(when: Condition, scope: Scope): Evaluated<boolean> {
  const missing = when.reads.find((name) => (scope.facts[name] ?? null) === null);
  if (missing === undefined || !COMPARISON.test(when.text)) return when.test(scope);
  return { known: false, why: `facts.${missing} is unknown` };
}

function seconds(left: number): number {
  return Math.ceil(left / 1000);
}

/** The severity an incident has after this level was seen: it rises by itself and is lowered only by people or by recovery. */
export function raised(present: Severity | undefined, level: Level): Severity | undefined {
  if (level === "none") return present;
  return isWorse(level, present) ? level : present;
}
