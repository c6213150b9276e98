import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { expressionCompiler } from "../../../src/core/expression.ts";
import { compileTemplate } from "../../../src/core/template.ts";
import { answer, COMPILER, NAMES, SCOPE } from "./samples.ts";

function template(tree: unknown, key?: string) {
  const compiled = compileTemplate(tree, COMPILER, key);
  if (!compiled.ok) throw new Error(compiled.faults.map((fault) => fault.message).join("; "));
  return compiled;
}

describe("a string that is one expression keeps its type", () => {
  const rows: readonly (readonly [string, unknown, string])[] = [
    [`\${{ vars.cluster }}`, "poc", "string"],
    [`\${{vars.count}}`, 2, "double"],
    [`\${{ vars.count + 1 }}`, 3, "double"],
    [`\${{ 5 }}`, 5, "double"],
    [`\${{ size(alerts) }}`, 2, "double"],
    [`\${{ vars.on && true }}`, true, "bool"],
    [`\${{ [1, 2.5, "x"] }}`, [1, 2.5, "x"], "list<dyn>"],
    [`\${{ {"a": {"b": 1}} }}`, { a: { b: 1 } }, "map<string, dyn>"],
    [`\${{ vars.weights }}`, { openai: 70 }, "map<string, dyn>"],
    [`\${{ round }}`, { percent: 25 }, "dyn"],
    [`\${{ now }}`, "2026-01-01T00:10:00.000Z", "string"],
    [`\${{ now - alert.startsAt }}`, "10m", "string"],
    [`\${{ "}}" }}`, "}}", "string"],
    [`\${{ '}}' + "\\"}}" }}`, '}}"}}', "string"],
    [`\${{ label("nope", "kong-llm-gateway-poc") }}`, "kong-llm-gateway-poc", "string"],
    [`\${{ facts.cpu > 0.5 ? "high" : "low" }}`, "high", "string"],
  ];
  for (const [text, expected, type] of rows) {
    test(text, () => {
      const made = template(text);
      assert.deepEqual(answer(made.value.render(SCOPE)), expected);
      assert.equal(made.type, type);
    });
  }
});

describe("other strings take values as text", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["plain", "plain"],
    ["", ""],
    ["$ { x } }} { y", "$ { x } }} { y"],
    [`ecs:\${{ vars.cluster }}/\${{ alert.labels.service }}`, "ecs:poc/litellm"],
    [` \${{ vars.count }}`, " 2"],
    [`n=\${{ 1 + 1 }} on=\${{ vars.on }}`, "n=2 on=true"],
    [`\${{ 0.1 }}\${{ 1.0 / 0.0 }}`, "0.1+Inf"],
    [`at \${{ now }}`, "at 2026-01-01T00:10:00.000Z"],
    [`x \${{ facts.gone }}`, "unknown: facts.gone is unknown"],
    [`x \${{ round.nope }}`, "unknown: round.nope is unknown"],
    [`x \${{ round }}`, "unknown: round: a list or a map cannot be put into a text"],
    [`\${{ facts.gone }}`, "unknown: facts.gone is unknown"],
    [`\${{ vars.list }}`, "unknown: vars.list: it is null"],
    [`\${{ 9007199254740993 }}`, "unknown: 9007199254740993: 9007199254740993 is too large for a number"],
  ];
  for (const [text, expected] of rows)
    test(text || "(empty)", () => assert.deepEqual(answer(template(text).value.render(SCOPE)), expected));
});

describe("a tree", () => {
  const tree = {
    cluster: `\${{ vars.cluster }}`,
    deep: [{ percent: `\${{ round.percent }}` }, "x", null, 3, true],
    query: `up{job="\${{ label("service") }}"}`,
  };

  test("is rendered as a whole", () => {
    assert.deepEqual(answer(template(tree).value.render(SCOPE)), {
      cluster: "poc",
      deep: [{ percent: 25 }, "x", null, 3, true],
      query: 'up{job="litellm"}',
    });
  });

  test("names what is unknown in it", () => {
    const made = template({ a: { b: [`\${{ facts.gone }}`] } });
    assert.equal(answer(made.value.render(SCOPE)), "unknown: a: b: 0: facts.gone is unknown");
    assert.deepEqual(made.value.reads, ["gone"]);
  });

  test("tells the path and the place of every fault", () => {
    const compiled = compileTemplate(
      { a: [`x \${{ vars.nope }}`], b: { c: `\${{ facts.q }}`, d: `\${{ 1 +` }, [`\${{ x }}`]: 1 },
      COMPILER,
    );
    assert.ok(!compiled.ok);
    assert.deepEqual(
      compiled.faults.map(({ path, at }) => [path.join("."), at]),
      [
        ["a.0", 11],
        ["b.c", 10],
        ["b.d", 0],
        [`\${{ x }}`, 0],
      ],
    );
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    [`x \${{ vars.list }}`, /cannot be put into a text/],
    [`x \${{ {"a": 1} }}`, /cannot be put into a text/],
    [`\${{ null }}`, /no value for an input/],
    [`\${{ alert.labels[?"x"] }}`, /no value for an input/],
    [`\${{ }}`, /EOF/],
    [`\${{ "x }}`, /no closing/],
  ];
  for (const [text, expected] of refused) {
    test(`${text} is refused`, () => {
      const compiled = compileTemplate(text, COMPILER);
      assert.match(compiled.ok ? "" : (compiled.faults[0]?.message ?? ""), expected);
    });
  }

  test("keys that objects inherit stay keys", () => {
    const made = template(JSON.parse(`{"__proto__": "\${{ vars.cluster }}", "constructor": 1}`));
    const rendered = made.value.render(SCOPE);
    assert.ok(rendered.known);
    assert.equal(JSON.stringify(rendered.value), '{"__proto__":"poc","constructor":1}');
    assert.equal(Object.getPrototypeOf(rendered.value), Object.prototype);
  });
});

describe("a query cannot be changed by a label", () => {
  const hostile = (service: string) => ({ ...SCOPE, alert: { ...SCOPE.alert, labels: { service } } });
  const rows: readonly (readonly [string, string, unknown])[] = [
    [`up{job="\${{ label("service") }}"}`, 'x"} or vector(0) #', 'up{job="x\\"} or vector(0) #"}'],
    [`up{job="\${{ label("service") }}"}`, "a\\", 'up{job="a\\\\"}'],
    [`up{job='\${{ label("service") }}'}`, "a'b\"", "up{job='a\\'b\"'}"],
    [`up{job=\`\${{ label("service") }}\`}`, "a`b", /backquote/],
    [`sum(\${{ label("service") }}:rate5m)`, "router", "sum(router:rate5m)"],
    [`sum(\${{ label("service") }})`, "x) or vector(1", /would change the query/],
    [`up > \${{ label("service") }}`, "-1.5e-3", "up > -1.5e-3"],
    [`up > \${{ label("service") }}`, "+Inf", "up > +Inf"],
    [`rate(x[\${{ label("service") }}])`, "1h30m", "rate(x[1h30m])"],
    [`sum(\${{ label("service") }}_errors)`, "a-b+c", /would change the query/],
    [`up > \${{ label("service") }}`, "0-up", /would change the query/],
    [`up # it's "\n + rate(x[\${{ label("service") }}])`, "5m", `up # it's "\n + rate(x[5m])`],
    [`up{a="\\"", b="\${{ label("service") }}"}`, '"', 'up{a="\\"", b="\\""}'],
  ];
  for (const [text, label, expected] of rows) {
    test(`${text} with ${label}`, () => {
      const found = answer(template({ query: text }).value.render(hostile(label)));
      if (expected instanceof RegExp) assert.match(String(found), expected);
      else assert.deepEqual(found, { query: expected });
    });
  }

  test("also where the query is the whole template", () => {
    const made = template(`up{job="\${{ label("service") }}"}`, "query");
    assert.equal(answer(made.value.render(hostile('"'))), 'up{job="\\""}');
  });

  test("whatever the label is", () => {
    const made = template({ query: `up{job="\${{ label("service", "none") }}"}` });
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (label) => {
        const rendered = made.value.render(hostile(label));
        assert.ok(rendered.known);
        const inner = /^\{"query":"up\{job=\\"(.*)\\"\}"\}$/s.exec(JSON.stringify(rendered.value))?.[1] ?? "";
        const text: string = JSON.parse(`"${inner}"`);
        assert.ok(!/(^|[^\\])(\\\\)*"/.test(text), text);
        assert.equal(
          text.replace(/\\(.)/gs, (_, char: string) => (char === "n" ? "\n" : char === "r" ? "\r" : char)),
          label === "" ? "none" : label,
        );
      }),
    );
  });
});

describe("a path leads nowhere else by a label", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    [`/services/\${{ label("service") }}/restart`, "litellm", "/services/litellm/restart"],
    [
      `/services/\${{ label("service") }}/restart`,
      "x/../../admin?all=1#",
      "/services/x%2F..%2F..%2Fadmin%3Fall%3D1%23/restart",
    ],
    [`/restart?service=\${{ label("service") }}&soft=1`, "x&soft=0", "/restart?service=x%26soft%3D0&soft=1"],
    [`/services/\${{ label("service") }}`, "ö \ud800%2f", "/services/%C3%B6%20%EF%BF%BD%252f"],
    [`/\${{ alerts.size() }}`, "x", "/2"],
  ];
  for (const [path, service, expected] of rows) {
    test(`${path} with ${service}`, () => {
      const scope = { ...SCOPE, alert: { ...SCOPE.alert, labels: { service } } };
      assert.deepEqual(answer(template({ path, name: "x" }).value.render(scope)), { path: expected, name: "x" });
    });
  }
});

test("compiling and rendering never throw, whatever the text", () => {
  const compiler = expressionCompiler(NAMES);
  const fragment = fc.constantFrom(
    "${{",
    "}}",
    " vars.list ",
    "facts.cpu",
    '"',
    "'",
    "{",
    "}",
    "+",
    "alerts",
    ".map(x, x)",
    "[",
    "]",
    "(",
    ")",
    "1",
    "/0",
    "\\",
    "#",
  );
  const near = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => {
      const compiled = compileTemplate({ query: text, other: text }, compiler);
      if (compiled.ok) assert.equal(typeof compiled.value.render(SCOPE).known, "boolean");
      else assert.ok(compiled.faults.length > 0);
    }),
    { numRuns: 1_000 },
  );
});

test("plain JSON comes out as it went in", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (tree) => {
      fc.pre(!JSON.stringify(tree).includes("${{"));
      assert.deepEqual(answer(template(tree).value.render(SCOPE)), tree);
    }),
  );
});
