import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answer, COMPILER, condition, SCOPE } from "./samples.ts";

function rows(title: string, table: readonly (readonly [string, unknown])[]): void {
  describe(title, () => {
    for (const [text, expected] of table) {
      test(text, () => assert.equal(answer(condition(text).test(SCOPE)), expected));
    }
  });
}

rows("numbers of JavaScript meet literals", [
  ["facts.cpu > 0.85", true],
  ["facts.rate == 502", true],
  ["502 == facts.rate", true],
  ["facts.rate != 502", false],
  ["502 != facts.rate", false],
  ["facts.rate >= 500 && facts.rate < 600", true],
  ["2 * facts.rate == 1004", true],
  ["facts.rate / 2 == 251", true],
  ["facts.rate - 1 == 501.0", true],
  ["facts.rate in [500, 502]", true],
  ["facts.rate in [500.0, 502.0]", true],
  ["facts.rate in [500, 502.5]", false],
  ["round.percent in [10, 25]", true],
  ["round.percent == 25", true],
  ["vars.count + 1 == 3", true],
  ["vars.weights.openai + vars.count == 72", true],
  ["-facts.cpu < 0", true],
  ["int(facts.rate) % 2 == 0", true],
  ["steps.probe.output.value < 1", true],
  ["incident.opening == 2", true],
  ["size(alerts) == 2", true],
  ["double(alert.annotations.value) > 0.2", true],
]);

rows("names", [
  ['steps.probe.outcome == "succeeded"', true],
  ['facts["cpu"] > 0.1', true],
  ['alert.labels.severity == "critical"', true],
  ['incident.severity in ["P0", "P1"]', true],
  ['target == "ecs:poc/litellm"', true],
  ['alerts.exists(a, a.labels.service == "vllm")', true],
  ['alerts[1].labels.service == "vllm"', true],
  ['now - alert.startsAt == duration("10m")', true],
  ["now > alert.startsAt", true],
  ["vars.on", true],
  ["!vars.on || vars.count == 2", true],
  ['label("service") == "litellm"', true],
  ['label("nope", "x") == "x"', true],
  ['label("empty", "x") == "x"', true],
  ['label("service", "x") == "litellm"', true],
]);

rows("what is not known is unknown, and logic absorbs it (section 14.6)", [
  ["facts.gone > 1", "unknown: facts.gone is unknown"],
  ["facts.gone == 1", "unknown: facts.gone is unknown"],
  ["facts.gone != 1", "unknown: facts.gone is unknown"],
  ["!(facts.gone > 1)", "unknown: facts.gone is unknown"],
  ["facts.gone > 1 || true", true],
  ["true || facts.gone > 1", true],
  ["facts.gone > 1 || facts.cpu > 0.5", true],
  ["facts.gone > 1 || facts.cpu > 0.95", "unknown: facts.gone is unknown"],
  ["facts.gone > 1 && false", false],
  ["facts.gone > 1 && true", "unknown: facts.gone is unknown"],
  ["facts.gone > 1 ? true : true", "unknown: facts.gone is unknown"],
  ["has(facts.gone)", false],
  ["has(facts.cpu)", true],
  ["facts.?gone.orValue(0.0) == 0", true],
  ["vars.weights.azure == 1", "unknown: vars.weights.azure is unknown"],
  ["vars.weights.nope == 1", "unknown: vars.weights.nope is unknown"],
  ["vars.list[1] == 1", "unknown: vars.list[1] == 1: there is a null in it"],
  ["vars.list.exists(x, x == 3)", "unknown: vars.list.exists(x, x == 3): there is a null in it"],
  ["3 in vars.list", true],
  ["vars.list.all(x, x > 0)", "unknown: vars.list.all(x, x > 0): there is a null in it"],
  ["steps.probe.output.ok", "unknown: steps.probe.output.ok is unknown"],
  ['steps.skipped.outcome == "skipped"', "unknown: steps.skipped is unknown"],
  ["has(steps.skipped)", false],
  ['alert.labels.nope == "x"', "unknown: alert.labels.nope is unknown"],
  ['alert.labels[?"nope"].orValue("y") == "y"', true],
  ['label("nope") == "x"', "unknown: the alert has no label nope"],
  ['label("empty") == "x"', "unknown: the alert has no label empty"],
  ["double(alert.annotations.nan) > 0", "unknown: double(alert.annotations.nan) > 0: not a number"],
  ["!(double(alert.annotations.nan) > 0)", "unknown: !(double(alert.annotations.nan) > 0): not a number"],
  ["0.0 / (facts.cpu - facts.cpu) > 1", "unknown: 0.0 / (facts.cpu - facts.cpu) > 1: not a number"],
  ["0.0 / (facts.cpu - facts.cpu) > 1 || true", true],
  ["1 / 0 == 1", "unknown: 1 / 0 == 1: division by zero"],
  ["vars.list[7] == 1", "unknown: vars.list[7] == 1: No such key: index out of bounds, index 7 >= size 3"],
  ["vars.weights.openai", "unknown: vars.weights.openai: it is neither true nor false"],
]);

rows("what objects inherit is no member", [
  ['alert.labels.constructor == "x"', "unknown: alert.labels.constructor is unknown"],
  ['alert.labels["__proto__"] == "x"', 'unknown: alert.labels["__proto__"] is unknown'],
  ["vars.weights.toString == 1", "unknown: vars.weights.toString is unknown"],
  ["round.constructor == 1", "unknown: round.constructor is unknown"],
  ["has(vars.weights.constructor)", false],
  ['label("constructor", "x") == "x"', true],
  ['label("__proto__", "x") == "x"', true],
]);

describe("a NaN in the scope", () => {
  const scope = {
    ...SCOPE,
    facts: { cpu: Number.NaN, rate: 1 },
    vars: { ...SCOPE.vars, weights: { openai: Number.NaN } },
  };
  for (const text of ["facts.cpu > 1", "facts.cpu <= 1", "facts.cpu != 1", "vars.weights.openai < 1"]) {
    test(`${text} is unknown`, () => assert.equal(condition(text).test(scope).known, false));
  }
});

describe("reads names the facts", () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ["facts.cpu > 1 && (facts.rate > 2 || facts.cpu < 9)", ["cpu", "rate"]],
    ["has(facts.gone)", ["gone"]],
    ['facts["cpu"] > facts.?rate.orValue(1.0)', ["cpu", "rate"]],
    ["[1, 2].exists(x, facts.cpu > x)", ["cpu"]],
    ['string(facts.rate).matches("5..")', ["rate"]],
    ['label("facts") == "cpu"', []],
  ];
  for (const [text, expected] of table) test(text, () => assert.deepEqual(condition(text).reads, expected));
});

describe("is refused when it is loaded, with the place", () => {
  const table: readonly (readonly [string, number, RegExp])[] = [
    ["facts.cpuu > 1", 6, /no fact cpuu; did you mean cpu\?/],
    ["factz.cpu > 1", 0, /unknown name factz; did you mean facts\?/],
    ["vars.nope == 1", 5, /no var nope; known: cluster/],
    ['steps.prob.outcome == "x"', 6, /no step prob; did you mean probe\?/],
    ['steps.redeploy.outcome == "x"', 6, /comes later/],
    ["steps.probe.result == 1", 12, /has no result; known: outcome, output/],
    ["steps.probe.output.vlue < 1", 19, /no field vlue; did you mean value\?/],
    ['alert.label.service == "x"', 6, /no field label; did you mean labels\?/],
    ["incident.nope == 1", 9, /no field nope/],
    ["alert.constructor == 1", 6, /no field constructor/],
    ["facts[vars.cluster] > 1", 0, /name what is read, like facts.NAME/],
    ["size(facts) > 1", 5, /name what is read/],
    ["has(vars)", 4, /name what is read|invalid argument/],
    ["vars.cluster > 3", 0, /> cannot be applied to string and int/],
    ['steps.probe.output.value == "x"', 0, /== cannot be applied to double and string/],
    ['facts.cpu > "1"', 0, /> cannot be applied to double and string/],
    ["facts.cpu && true", 0, /bool/],
    ["facts.cpu", 0, /gives true or false, this gives double/],
    ['"true"', 0, /gives true or false, this gives string/],
    ["1 + 1", 0, /this gives int/],
    ["label(3) == vars.cluster", 6, /needs a string/],
    ["facts.cpu >", 11, /EOF/],
    ["facts.cpu > 1 )", 14, /Unexpected/],
    ['"abc', 0, /Unterminated/],
    ["", 0, /EOF/],
    ["exec(1) == 1", 0, /exec/],
    ["cel.bind(x, 1, x == 1)", 0, /cel.bind is not supported/],
    ["x".repeat(2_001), 0, /longer than 2000/],
  ];
  for (const [text, at, expected] of table) {
    test(text.slice(0, 40), () => {
      const compiled = COMPILER.condition(text);
      assert.ok(!compiled.ok);
      assert.match(compiled.faults[0]?.message ?? "", expected);
      assert.equal(compiled.faults[0]?.at, at);
    });
  }

  test("every fault of its names at once", () => {
    const compiled = COMPILER.condition("facts.a > 1 && vars.b == 2 && steps.c.output.d == 3");
    assert.deepEqual(compiled.ok ? [] : compiled.faults.map(({ at }) => at), [6, 20, 36]);
  });
});

describe("names that JavaScript gives a meaning of its own are labels like others", () => {
  const labels = { service: "litellm", severity: "critical", constructor: "c", prototype: "p", toString: "t" };
  const alert = { ...SCOPE.alert, labels, annotations: { constructor: "a", value: "0.3" } };
  const scope = { ...SCOPE, alert, alerts: [alert], incident: { ...SCOPE.incident, labels } };
  for (const text of [
    'alert.labels.severity == "critical"',
    'alert.labels.constructor == "c" && alert.labels.toString == "t"',
    'alert.annotations.constructor == "a" && double(alert.annotations.value) > 0.2',
    'label("service") == "litellm"',
    'label("constructor", "x") == "c"',
    "has(alert.labels.constructor) && !has(alert.labels.nope)",
    '"constructor" in alert.labels',
    'alert.labels["severity"] == "critical"',
    'alerts.exists(a, a.labels.constructor == "c")',
    'incident.labels.service == "litellm"',
    'alert.labels[?"nope"].orValue("none") == "none"',
  ]) {
    test(text, () => assert.equal(answer(condition(text).test(scope)), true));
  }
});
