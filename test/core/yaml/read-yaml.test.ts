import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { formatFault } from "../../../src/core/errors.ts";
import { readYaml, type YamlFile } from "../../../src/core/yaml/read-yaml.ts";

function file(text: string): YamlFile {
  const read = readYaml(text, "f.yaml");
  if (!read.ok) throw new Error(read.faults.map(formatFault).join("\n"));
  return read.file;
}

describe("readYaml refuses what plain JSON has not", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["a: &x 1\nb: *x", /f.yaml:1:7: anchors.*\nf.yaml:2:4: aliases/],
    ["a: [&x [1], *x, *x]", /aliases/],
    ["a: !!str 1", /the tag tag:yaml.org,2002:str is not allowed/],
    ["a: !!binary aGVsbG8=", /tag/],
    ["a: !foo 1", /^f.yaml:1:\d+: the tag !foo is not allowed$/],
    ["<<: { a: 1 }", /f.yaml:1:1: merge keys/],
    ["a: 1\na: 2", /f.yaml:2:1: the key a stands twice in one map/],
    ["1: x", /a key must be text/],
    ["? [a]\n: b", /a key must be text/],
    ["true: x", /a key must be text/],
    ["a: .inf", /a number must be finite/],
    [
      "a: 9007199254740993",
      /f.yaml:1:4: 9007199254740993 is too large to be kept exactly; write it as text, in quotes/,
    ],
    ["a: [0x20000000000001]", /f.yaml:1:5: 0x20000000000001 is too large/],
    ["a: caf\ufffd\nb: \ufffd", /^f.yaml:1:7: this character cannot be read; save the file as UTF-8$/],
    ["a: 1\n---\nb: 2", /f.yaml:2:1/],
    ["a: [1", /f.yaml:1/],
    ["\ta: 1", /Tabs are not allowed/],
    ['a: "\\q"', /Invalid escape/],
    [`a: ${"{a: ".repeat(45)}1${"}".repeat(45)}`, /nested more than 40 levels/],
    ["[".repeat(100_000), /nested more than 40 levels/],
    [`a: ${"x".repeat(300_000)}`, /larger than 256 KiB/],
  ];
  for (const [text, expected] of rows) {
    test(text.slice(0, 30), () => {
      const started = performance.now();
      const read = readYaml(text, "f.yaml");
      assert.match(read.ok ? "" : read.faults.map(formatFault).join("\n"), expected);
      assert.ok(performance.now() - started < 1_000);
    });
  }
});

describe("readYaml keeps YAML 1.2's types", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["a: yes", "yes"],
    ["a: 2026-01-01", "2026-01-01"],
    ["a: 012", 12],
    ["a: ~", null],
    ["a:", null],
    ["a: '1'", "1"],
    ["a: 1e3", 1_000],
    ["a: 9007199254740991", Number.MAX_SAFE_INTEGER],
    ["a: 1e300", 1e300],
    ['a: "\\uFFFD"', "\ufffd"],
    ["a: >-\n  x\n  y", "x y"],
  ];
  for (const [text, expected] of rows) test(text, () => assert.deepEqual(file(text).value, { a: expected }));

  test("an empty file is an empty map", () => assert.deepEqual(file("# nothing\n").value, {}));

  test("a key of prototypes is a key", () => {
    const { value } = file("__proto__: { a: 1 }");
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(Object(value)), ["__proto__"]);
  });
});

describe("places", () => {
  const text = 'a:\n  - b: \'x ${ y\'\n    c: plain text\n    d: |\n      block\n    e: "q\\"uoted"\n';
  const rows: readonly (readonly [string, () => { line: number; column: number }, [number, number]])[] = [
    ["a value", () => file(text).locate(["a", 0, "b"]), [2, 8]],
    ["a key", () => file(text).locate(["a", 0], "c"), [3, 5]],
    ["a missing value stands where its map stands", () => file(text).locate(["a", 0, "z"]), [2, 5]],
    ["a character of a quoted text", () => file(text).locateText(["a", 0, "b"], 2), [2, 11]],
    ["a character of a plain text", () => file(text).locateText(["a", 0, "c"], 6), [3, 14]],
    ["a block text stands where it begins", () => file(text).locateText(["a", 0, "d"], 3), [4, 8]],
    ["so does one with escapes", () => file(text).locateText(["a", 0, "e"], 3), [6, 8]],
    ["the root", () => file(text).locate([]), [1, 1]],
  ];
  for (const [name, place, [line, column]] of rows) test(name, () => assert.deepEqual(place(), { line, column }));
});

test("any JSON that is written as YAML is read back, or refused with a place", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const read = readYaml(stringify(value, { aliasDuplicateObjects: false }), "f.yaml");
      if (read.ok) assert.equal(JSON.stringify(read.file.value), JSON.stringify(value));
      else assert.ok(read.faults.every((fault) => (fault.line ?? 0) > 0));
    }),
  );
});

test("two documents in one file are refused in words for people, not for programs", () => {
  const read = readYaml("a: 1\n---\nb: 2\n", "a.yaml");
  assert.ok(!read.ok);
  assert.equal(read.faults[0]?.message, "Source contains multiple documents; one file holds one");
});
