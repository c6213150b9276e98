import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AppError } from "../../src/core/errors.ts";
import { parseMatcher } from "../../src/core/matcher.ts";

describe("parseMatcher reads", () => {
  const rows: readonly [string, string, string, string][] = [
    ['alertname = "X"', "alertname", "=", "X"],
    ["alertname=X", "alertname", "=", "X"],
    ["  alertname\t=~\n'x'".replaceAll("'", '"'), "alertname", "=~", "x"],
    ['service != ""', "service", "!=", ""],
    ['service !~ "a|b"', "service", "!~", "a|b"],
    ['job:rate = "1"', "job:rate", "=", "1"],
    ['_x = "y" ', "_x", "=", "y"],
    ['a = "say \\"hi\\""', "a", "=", 'say "hi"'],
    ['a = "back\\\\slash"', "a", "=", "back\\slash"],
    ['a = "two\\nlines"', "a", "=", "two\nlines"],
    ['a = "spurious \\d and \\x"', "a", "=", "spurious \\d and \\x"],
    ['a = "\\\\\\d"', "a", "=", "\\\\d"],
    ['a =~ "v1\\.2"', "a", "=~", "v1\\.2"],
    ['a = "x, y = {z}"', "a", "=", "x, y = {z}"],
    ['a = " kept "', "a", "=", " kept "],
    ["a = größe", "a", "=", "größe"],
    ['"service.name" = "x"', "service.name", "=", "x"],
  ];
  for (const [text, label, operator, value] of rows) {
    test(text, () => {
      const matcher = parseMatcher(text);
      assert.deepEqual([matcher.label, matcher.operator, matcher.value], [label, operator, value]);
    });
  }
});

describe("parseMatcher refuses", () => {
  const rows: readonly [string, RegExp][] = [
    ["", /write it like/],
    ["alertname", /write it like/],
    ['1a = "x"', /write it like/],
    ['a.b = "x"', /write it like/],
    ['a > "x"', /write it like/],
    ['= "x"', /write it like/],
    ["a =", /no value/],
    ['a = "x', /not closed/],
    ['a = "x"y"', /not escaped/],
    ['a = "x\\"', /not closed/],
    ['a = x"', /double quotes/],
    ["a == b", /write one = where values are equal/],
    ["a = b, c = d", /double quotes/],
    ["a =~ x{2}", /double quotes/],
    ["a =~ x\\d", /double quotes/],
    ['a =~ "("', /RE2/],
    ['a =~ "(?=x)"', /RE2/],
    ['a =~ "(x)\\1"', /RE2/],
    ['a =~ "x{2000}"', /RE2/],
    [`a = "${"x".repeat(5_000)}"`, /write it like/],
  ];
  for (const [text, expected] of rows) {
    test(text.slice(0, 40), () =>
      assert.throws(
        () => parseMatcher(text),
        (error) => error instanceof AppError && expected.test(error.message),
      ),
    );
  }
});

describe("a matcher", () => {
  const rows: readonly [string, Record<string, string>, boolean][] = [
    ['a = "x"', { a: "x" }, true],
    ['a = "x"', { a: "X" }, false],
    ['a = "x"', {}, false],
    ['a = ""', {}, true],
    ['a != "x"', {}, true],
    ['a != ""', {}, false],
    ['a =~ "lite"', { a: "litellm" }, false],
    ['a =~ "lite.*"', { a: "litellm" }, true],
    ['a =~ ".*router"', { a: "my-router-2" }, false],
    ['a =~ "a|ab"', { a: "ab" }, true],
    ['a =~ "a|b"', { a: "bx" }, false],
    ['a =~ "(?i)prod"', { a: "PROD" }, true],
    ['a =~ "x$"', { a: "x\n" }, false],
    ['a =~ ".+"', {}, false],
    ['a =~ ".*"', {}, true],
    ['a !~ "x.*"', {}, true],
    ['a !~ "x.*"', { a: "xy" }, false],
    ['constructor = ""', {}, true],
    ['toString =~ ".+"', {}, false],
    ['__proto__ = ""', {}, true],
  ];
  for (const [text, labels, expected] of rows) {
    test(`${text} on ${JSON.stringify(labels)} is ${expected}`, () =>
      assert.equal(parseMatcher(text).test(labels), expected));
  }

  test("takes linear time on a hostile value", () => {
    const matcher = parseMatcher('a =~ "(a+)+"');
    const started = performance.now();
    assert.equal(matcher.test({ a: `${"a".repeat(20_000)}!` }), false);
    assert.ok(performance.now() - started < 1_000);
  });
});

describe("parseMatcher, whatever it is given", () => {
  test("answers or throws an AppError", () => {
    const near = fc.stringMatching(/^[a-z"\\ =~!{}()|*+.?[\]-]{0,20}$/);
    const regex = near.map((body) => `a =~ "${body}"`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), near, regex), fc.string(), (text, value) => {
        try {
          assert.equal(typeof parseMatcher(text).test({ a: value }), "boolean");
        } catch (error) {
          assert.ok(error instanceof AppError, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("reads back any quoted value", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), (value) => {
        const quoted = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
        assert.equal(parseMatcher(`a = "${quoted}"`).value, value);
        assert.equal(parseMatcher(`a = "${quoted}"`).test({ a: value }), true);
      }),
    );
  });
});
