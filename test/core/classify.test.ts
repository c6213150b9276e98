import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_NAMES } from "../../src/core/cel/names.ts";
import { classify, raised } from "../../src/core/classify.ts";
import type { SeverityRule } from "../../src/core/config.ts";
import { explain, levelReason, unknownReason } from "../../src/core/explain.ts";
import { expressionCompiler } from "../../src/core/expression.ts";
import { condition, scope } from "../flow/assess/samples.ts";

const MINUTE = 60_000;
const above = (limit: number): SeverityRule["when"] =>
  condition(`facts.error_rate > ${limit}`, (at) => (at.facts["error_rate"] ?? Number.NaN) > limit, ["error_rate"]);
const labelled = (value: string): SeverityRule["when"] =>
  condition(`alert.labels.severity == "${value}"`, (at) => at.alert.labels["severity"] === value);

/** The example of section 8. */
const RULES: readonly SeverityRule[] = [
  { level: "P0", when: above(0.5), for: 5 * MINUTE },
  { level: "P1", when: above(0.05), for: 10 * MINUTE },
  { level: "P2", when: above(0.01), for: 15 * MINUTE },
  { level: "P1", when: labelled("critical"), for: 0 },
  { level: "P2", when: labelled("warning"), for: 0 },
  { level: "none", when: condition("true", () => true), for: 0 },
];

type Case = { after: number; rate: number | null; severity?: string; level: string; rule: number; due?: number };
const cases: Readonly<Record<string, Case>> = {
  "a high rate, at once: the label decides until the `for` has passed": {
    after: 0,
    rate: 0.9,
    severity: "warning",
    level: "P2",
    rule: 5,
    due: 5,
  },
  "a high rate after 5 minutes": { after: 5, rate: 0.9, severity: "warning", level: "P0", rule: 1 },
  "a moment before 5 minutes": { after: 4.999, rate: 0.9, severity: "warning", level: "P2", rule: 5, due: 5 },
  "between the thresholds after 6 minutes": { after: 6, rate: 0.1, severity: "warning", level: "P2", rule: 5, due: 10 },
  "between the thresholds after 10 minutes": { after: 10, rate: 0.1, level: "P1", rule: 2 },
  "no label and not long enough: none, looked at again": { after: 0, rate: 0.02, level: "none", rule: 6, due: 15 },
  "unknown rate: the label decides": { after: 60, rate: null, severity: "critical", level: "P1", rule: 4 },
  "unknown rate, no label": { after: 60, rate: null, level: "none", rule: 6 },
  "low rate": { after: 60, rate: 0, level: "none", rule: 6 },
};

for (const [what, { after, rate, severity, level, rule, due }] of Object.entries(cases)) {
  test(`severity rules: ${what}`, () => {
    const labels: Record<string, string> = severity === undefined ? {} : { severity };
    const found = classify(RULES, scope({ labels, facts: { error_rate: rate }, now: after * MINUTE }), 0);
    assert.equal(found.level, level);
    assert.equal(found.rule, rule);
    assert.equal(found.dueAt, due === undefined ? undefined : due * MINUTE);
    assert.equal(found.trace.length, rule);
  });
}

test("an unknown rule says why, and the explanation names the fact", () => {
  const facts = { error_rate: null };
  const classified = classify(RULES, scope({ labels: { severity: "critical" }, facts, now: 0 }), 0);
  assert.deepEqual(
    classified.trace.map((row) => row.answer),
    ["unknown", "unknown", "unknown", "match"],
  );
  assert.equal(classified.trace[0]?.reason, "facts.error_rate is unknown");
  assert.equal(unknownReason(classified, facts), "Not measurable: error_rate; severity rules 1, 2, 3 passed over.");
  assert.equal(levelReason(classified), 'P1 by rule 4 (alert.labels.severity == "critical")');
});

test("a rule that reads a label which is not there is not blamed on a fact", () => {
  const facts = { error_rate: null };
  const why = "alert.labels.severity is unknown";
  const label: SeverityRule["when"] = { ...labelled("page"), test: () => ({ known: false, why }) };
  const classified = classify(
    [
      { level: "P0", when: label, for: 0 },
      { level: "P0", when: above(0.5), for: 0 },
      { level: "P1", when: condition("true", () => true), for: 0 },
    ],
    scope({ labels: {}, facts }),
    0,
  );
  assert.equal(
    unknownReason(classified, facts),
    "Not measurable: error_rate; severity rule 2 passed over. Severity rule 1 passed over: alert.labels.severity is unknown.",
  );
});

test("`for` counts from the episode's opening, not from now", () => {
  const found = classify(RULES, scope({ facts: { error_rate: 0.9 }, now: 1_000_000 }), 1_000_000 - 5 * MINUTE);
  assert.equal(found.level, "P0");
});

test("no rule at all is none, and nothing is due", () => {
  const found = classify([], scope({}), 0);
  assert.equal(found.level, "none");
  assert.equal(found.rule, undefined);
  assert.equal(levelReason(found), "none, as no severity rule matches");
});

test("a verdict that hangs on facts may change; one by labels alone does not", () => {
  const byLabel = RULES.slice(3);
  assert.equal(classify(RULES, scope({ facts: { error_rate: 0 } }), 0).mayChange, true);
  assert.equal(classify(byLabel, scope({ facts: { error_rate: 0 } }), 0).mayChange, false);
});

test("severity rises by itself and never falls", () => {
  assert.equal(raised(undefined, "P2"), "P2");
  assert.equal(raised("P2", "P0"), "P0");
  assert.equal(raised("P0", "P2"), "P0");
  assert.equal(raised("P1", "none"), "P1");
  assert.equal(raised(undefined, "none"), undefined);
});

test("the explanation of an alert without an incident says when it is looked at again", () => {
  const facts = { error_rate: 0.02 };
  const classified = classify(RULES, scope({ facts, now: MINUTE }), 0);
  const { sentence } = explain({ at: MINUTE, facts, classified, notes: [] });
  assert.equal(sentence, "Recorded only: none by rule 6 (true). It is looked at again in 14m.");
});

test("the shortcut for a missing fact answers as the evaluator does, and leaves conditions alone that may absorb it", () => {
  const compiler = expressionCompiler({ ...NO_NAMES, facts: ["a", "b"] });
  const texts = [
    "facts.a > 0.5",
    "facts.a >= 1",
    "facts.a == 0",
    "facts.a > 0.5 || alert.status == 'firing'",
    "facts.a > facts.b",
  ];
  for (const text of texts) {
    const compiled = compiler.condition(text);
    assert.ok(compiled.ok, text);
    for (const facts of [{}, { a: null }, { a: 1 }, { b: 1 }, { a: 1, b: 0 }]) {
      const seen = scope({ facts });
      const { trace } = classify([{ level: "P1", when: compiled.value, for: 0 }], seen, 0);
      const row = trace[0];
      const answer = compiled.value.test(seen);
      assert.equal(row?.answer, answer.known ? (answer.value ? "match" : "no") : "unknown", text);
      if (!answer.known) assert.equal(row?.reason, answer.why);
    }
  }
});
