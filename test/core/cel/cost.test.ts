import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COMPILER, condition, SCOPE } from "./samples.ts";

const HOSTILE = { ...SCOPE, vars: { ...SCOPE.vars, cluster: `${"a".repeat(50_000)}!` } };

describe("matches() is RE2", () => {
  for (const text of [
    'vars.cluster.matches("^(a+)+$")',
    'vars.cluster.matches("^" + "(a+)+$")',
    'vars.list.exists(x, vars.cluster.matches("^(a|a)*$"))',
  ]) {
    test(`${text} takes linear time`, () => {
      const started = performance.now();
      condition(text).test(HOSTILE);
      assert.ok(performance.now() - started < 1_500);
    });
  }

  const rows: readonly (readonly [string, boolean])[] = [
    ['alert.labels.service.matches("lite")', true],
    ['alert.labels.service.matches("^llm$")', false],
    ['alert.labels.service.matches(r"\\w+")', true],
    ['"abc".matches("b") && !"abc".matches("z")', true],
    ["alert.labels.service.matches(vars.cluster)", false],
    ['alerts.exists(a, a.labels.service.matches("^v"))', true],
    ['has(alert.labels.nope) && alert.labels.nope.matches("x")', false],
    ['alert.labels.nope.matches("x") || true', true],
    ['string(vars.weights.openai).matches("7.")', true],
  ];
  for (const [text, expected] of rows)
    test(text, () => assert.deepEqual(condition(text).test(SCOPE), { known: true, value: expected }));

  const refused: readonly (readonly [string, RegExp])[] = [
    ['alert.labels.service.matches("(?=a)b")', /RE2/],
    ['alert.labels.service.matches("(a)\\\\1")', /RE2/],
    ['alert.labels.service.matches("(")', /RE2/],
    ["alert.labels.service.matches(3)", /needs a string/],
    ['vars.count.matches("a")', /needs a string/],
    [`alert.labels.service.matches("${"a".repeat(1_001)}")`, /too long/],
  ];
  for (const [text, expected] of refused) {
    test(`${text.slice(0, 60)} is refused when it is loaded`, () => {
      const compiled = COMPILER.condition(text);
      assert.match(compiled.ok ? "" : (compiled.faults[0]?.message ?? ""), expected);
    });
  }

  test("a pattern that is no text or no RE2 at run time makes the condition unknown", () => {
    assert.equal(condition("alert.labels.service.matches(vars.weights.openai)").test(SCOPE).known, false);
    assert.equal(
      condition('vars.list.exists(x, alert.labels.service.matches("(" + vars.cluster))').test(SCOPE).known,
      false,
    );
  });
});

describe("cost is bounded when it is loaded", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["alerts.exists(a, alerts.exists(b, a.fingerprint == b.fingerprint))", /loop within a loop/],
    ["[1].exists(a, [2].exists(b, [3].exists(c, a == c)))", /loop within a loop/],
    [`vars.list${".map(x, x + x)".repeat(5)}.size() > 0`, /more than 4 loops/],
    [`${"(".repeat(40)}1${")".repeat(40)} == 1`, /maxDepth/],
    [`[${"1,".repeat(101)}].size() > 0`, /maxListElements/],
    [`${"true && ".repeat(260)}true`, /longer|maxAstNodes/],
    [`${"1+".repeat(501)}1 == 1`, /maxAstNodes/],
  ];
  for (const [text, expected] of refused) {
    test(text.slice(0, 60), () => {
      const compiled = COMPILER.condition(text);
      assert.ok(!compiled.ok);
      assert.match(compiled.faults.map((fault) => fault.message).join(" "), expected);
    });
  }

  test("a loop over a list that is written out may stand in a loop", () => {
    const text = 'alerts.exists(a, ["litellm", "x"].exists(s, a.labels.service == s))';
    assert.deepEqual(condition(text).test(SCOPE), { known: true, value: true });
  });

  test("100,000 evaluations of a rule take seconds at most, on a slow machine too", () => {
    const rule = condition('facts.rate * 2 > 0.1 && alert.labels.severity == "critical"');
    const started = performance.now();
    for (let i = 0; i < 100_000; i += 1) rule.test(SCOPE);
    assert.ok(performance.now() - started < 5_000);
  });
});
