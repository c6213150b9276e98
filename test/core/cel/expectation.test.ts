import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import type { Outputs } from "../../../src/core/cel/names.ts";
import { outputsOf } from "../../../src/core/cel/outputs.ts";
import { compileExpectation } from "../../../src/core/expression.ts";
import { answer, QUERY_OUTPUT } from "./samples.ts";

function expectation(text: string, output: Outputs | undefined) {
  const compiled = compileExpectation(text, output);
  if (!compiled.ok) throw new Error(compiled.faults.map((fault) => fault.message).join("; "));
  return compiled.value;
}

describe("an expectation over a known output", () => {
  const rows: readonly (readonly [string, Record<string, unknown>, unknown])[] = [
    ["value < 0.01", { value: 0.001 }, true],
    ["value < 0.01", { value: 0.2 }, false],
    ["value == 1", { value: 1 }, true],
    ["value < 0.01", { value: null }, "unknown: value is unknown"],
    ["value < 0.01", { value: Number.NaN }, "unknown: value is unknown"],
    ["value < 0.01", {}, "unknown: value is unknown"],
    ['state == "empty" || value < 0.01', { state: "empty", value: null }, true],
    ["ok", { ok: true }, true],
    ["ok", { ok: null }, "unknown: ok is unknown"],
    ["series.size() == 2", { series: [1, 2] }, true],
    ["series.exists(s, s.value > 1)", { series: [{ value: 0 }, { value: 2 }] }, true],
    ['state.matches("^(a+)+$")', { state: `${"a".repeat(20_000)}!` }, false],
  ];
  for (const [text, output, expected] of rows) {
    test(`${text} on ${JSON.stringify(output).slice(0, 40)}`, () =>
      assert.equal(answer(expectation(text, QUERY_OUTPUT).test(output)), expected));
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ["vlaue < 1", /no field vlue|no field vlaue; did you mean value\?/],
    ["facts.cpu < 1", /no field facts/],
    ['value == "x"', /cannot be applied/],
    ["value", /gives true or false/],
    ["value <", /EOF/],
    ['label("x") == "y"', /label/],
  ];
  for (const [text, expected] of refused) {
    test(`${text} is refused`, () => {
      const compiled = compileExpectation(text, QUERY_OUTPUT);
      assert.match(compiled.ok ? "" : (compiled.faults[0]?.message ?? ""), expected);
    });
  }
});

describe("an expectation over an output without a schema", () => {
  const rows: readonly (readonly [string, Record<string, unknown>, unknown])[] = [
    ["foo < 1", { foo: 0.5 }, true],
    ["foo == 1", { foo: 1 }, true],
    ["foo == 1", { foo: null }, "unknown: foo is unknown"],
    ['foo.bar == "x"', { foo: { bar: "x" } }, true],
    ["constructor == 1", {}, "unknown: constructor is unknown"],
    ['foo == "x"', { foo: 1 }, false],
  ];
  for (const [text, output, expected] of rows) {
    test(`${text} on ${JSON.stringify(output)}`, () => {
      assert.equal(answer(expectation(text, undefined).test(output)), expected);
    });
  }
});

test("outputsOf reads an action's output schema", () => {
  const schema = z.object({
    value: z.number().nullable(),
    state: z.enum(["value", "empty"]),
    running: z.number().int().optional(),
    ok: z.boolean(),
    names: z.array(z.string()),
    rows: z.array(z.object({ a: z.number() })),
    labels: z.record(z.string(), z.string()),
    either: z.union([z.string(), z.number()]),
    any: z.unknown(),
  });
  assert.deepEqual(Object.fromEntries(outputsOf(schema)?.fields ?? []), {
    value: "double",
    state: "string",
    running: "double",
    ok: "bool",
    names: "list<string>",
    rows: "list<dyn>",
    labels: "map<string, dyn>",
    either: "dyn",
    any: "dyn",
  });
  assert.equal(outputsOf(schema)?.open, false);
  assert.equal(outputsOf(z.looseObject({ a: z.number() }))?.open, true);
  assert.equal(outputsOf(z.record(z.string(), z.number())), undefined);
  assert.equal(outputsOf(z.unknown()), undefined);
});
