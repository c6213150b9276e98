import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Bound, boundText, isWithin, outsideOf, probesOf } from "../../../src/core/playbook/bounds.ts";
import { SCOPE } from "../cel/samples.ts";
import { faultsOf, parse, withSteps } from "./samples.ts";

const MEASURE = "- { id: m, uses: prometheus.query, with: { query: up } }";
const set = (bounds: string, value = `'\${{ steps.m.output.value }}'`) =>
  withSteps(`${MEASURE}\n- { id: a, uses: settings.set, with: { name: A, value: ${value} }, bounded-by: ${bounds} }`);
const redeploy = (bounds: string) =>
  withSteps(
    `- { id: a, uses: ecs.redeploy, with: { cluster: '\${{ vars.region }}', service: s }, bounded-by: ${bounds} }`,
  );

describe("bounded-by", () => {
  test("becomes bounds by input, and what is left renders without them", () => {
    for (const [text, bound] of [
      ["{ min: 1, max: 4 }", { min: 1, max: 4 }],
      ["{ min: -0.5 }", { min: -0.5 }],
      ["{ one-of: [0.1, off, true] }", { oneOf: [0.1, "off", true] }],
    ] as const) {
      const step = parse(set(`{ value: ${text} }`)).steps[1];
      assert.ok(step?.kind === "action");
      assert.deepEqual(step.boundedBy?.bounds, { value: bound });
      assert.equal(step.with.render(SCOPE).known, false, "the measurement has not been made");
      assert.deepEqual(step.boundedBy?.rest.render(SCOPE), { known: true, value: { name: "A" } });
    }
  });

  const faults: readonly (readonly [string, string, string | RegExp])[] = [
    [
      "no map",
      set("x"),
      'p.yaml:6:103 steps[1].bounded-by: it is the text "x"; write a map of inputs and their bounds',
    ],
    ["empty", set("{}"), /write a map of inputs/],
    [
      "a name that the action does not take",
      set("{ valeu: { min: 1 } }"),
      "p.yaml:6:112 steps[1].bounded-by.valeu: settings.set takes no valeu; did you mean value?",
    ],
    [
      "an input that is not given",
      redeploy("{ connection: { one-of: [a] } }"),
      /with has no connection, so there is nothing to bound/,
    ],
    [
      "an input that is written out",
      set("{ value: { min: 1 } }", "3"),
      /bounded-by.value: value is written out in with, so it is known beforehand/,
    ],
    [
      "an unknown key",
      set("{ value: { minimum: 1 } }"),
      /p.yaml:6:114 steps\[1\].bounded-by.value.minimum: unknown key minimum of bounded-by/,
    ],
    ["neither", set("{ value: {} }"), /either min and max or one-of/],
    ["both", set("{ value: { min: 1, one-of: [1] } }"), /either min and max or one-of/],
    ["upside down", set("{ value: { min: 4, max: 1 } }"), /min 4 is above max 1/],
    ["a range of text", set("{ value: { min: low } }"), /it is the text "low"; write a number/],
    ["an empty list", set("{ value: { one-of: [] } }"), /one-of: it is empty/],
    ["a list of lists", set("{ value: { one-of: [[1]] } }"), /it is a list; write text, a number, true or false/],
    ["an expression", set(`{ value: { one-of: ['\${{ vars.limit }}'] } }`), /it cannot be an expression/],
    ["an expression as an end", set(`{ value: { max: '\${{ vars.limit }}' } }`), /write a number/],
    [
      "what the action would refuse",
      redeploy("{ cluster: { min: 1 } }"),
      /steps\[0\].bounded-by.cluster: 1 does not fit: ecs.redeploy: .*string/,
    ],
    [
      "a step that only reads",
      withSteps(
        `- { id: a, uses: http.check, with: { path: '\${{ vars.region }}' }, bounded-by: { path: { one-of: [/] } } }`,
      ),
      /http.check only reads, so nobody is asked about its input/,
    ],
  ];
  for (const [name, text, expected] of faults) {
    test(`refuses ${name}`, () => {
      const found = faultsOf(text);
      if (typeof expected === "string") assert.deepEqual(found, [expected]);
      else assert.match(found.join("\n"), expected);
      assert.equal(found.length, 1, found.join("\n"));
    });
  }

  test("does not hide the faults of its step", () => {
    const text = withSteps(
      `- { id: a, uses: settings.set, with: { name: A, value: '\${{ facts.no }}' }, bounded-by: { value: { min: 1 } } }`,
    );
    assert.equal(faultsOf(text).filter((line) => line.includes("no fact no")).length, 1);
  });
});

describe("a bound", () => {
  const range = fc
    .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ noNaN: true, noDefaultInfinity: true }))
    .map(([a, b]): Bound => ({ min: Math.min(a, b), max: Math.max(a, b) }));
  const list = fc
    .array(fc.oneof(fc.string(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true })), { minLength: 1 })
    .map((oneOf): Bound => ({ oneOf }));

  test("holds what it is tried with", () => {
    fc.assert(fc.property(fc.oneof(range, list), (bound) => probesOf(bound).every((one) => isWithin(one, bound))));
  });

  test("holds nothing that is no finite number within its range, and nothing that is not on its list", () => {
    fc.assert(
      fc.property(fc.oneof(range, list), fc.anything(), (bound, value) => {
        if (!isWithin(value, bound)) return;
        if ("oneOf" in bound) assert.ok(bound.oneOf.some((one) => one === value));
        else assert.ok(typeof value === "number" && value >= (bound.min ?? value) && value <= (bound.max ?? value));
      }),
    );
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "2", null, undefined, [2]])
      assert.equal(isWithin(value, { min: 1 }), false);
  });

  test("is said in words, and a secret outside of it is not", () => {
    assert.deepEqual([{ min: 1, max: 4 }, { min: 1 }, { max: 4 }, { oneOf: ["a", 2, true] }].map(boundText), [
      "1 to 4",
      "at least 1",
      "at most 4",
      "one of a, 2, true",
    ]);
    assert.equal(outsideOf({ n: 2 }, { n: { min: 1, max: 4 } }), undefined);
    assert.equal(outsideOf({}, { n: { max: 4 } }), "n is missing, and bounded-by allows at most 4");
    assert.equal(outsideOf({ password: "hunter22" }, { password: { max: 4 } })?.includes("hunter22"), false);
  });
});
