import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { actions, createConnections } from "../../../src/actions/index.ts";
import { formatFault } from "../../../src/core/errors.ts";
import { unusable } from "../../../src/core/playbook/installation.ts";
import { parsePlaybook } from "../../../src/core/playbook/parse.ts";

const connections = createConnections({
  prometheus: {},
  http: { gateway: { baseUrl: "http://gateway:8080", allowPrivate: true, headers: {} } },
  redis: {},
  kubernetes: {},
  ecs: {},
  alertmanager: {},
  pagerduty: {},
  settings: {
    gateway: {
      kind: "http",
      http: "gateway",
      path: "/settings",
      allow: { FALLBACK: { type: "boolean" }, SHED: { type: "number", min: 0, max: 0.5 } },
    },
  },
});

function read(step: string, top = "target: settings:gateway") {
  const text = `name: p\nmatch: ['alertname = "X"']\n${top}\nsteps:\n  - { id: a, ${step} }\n`;
  const playbook = parsePlaybook(text, "p.yaml", { actions, facts: [], connections });
  return { lines: (playbook.findings ?? []).map(formatFault), unusable: unusable(playbook) };
}

const set = (value: string) => `uses: settings.set, with: ${value}`;

describe("what an installation lacks for a playbook", () => {
  const rows: readonly (readonly [string, string, RegExp | undefined])[] = [
    [
      "a kind without connections",
      "uses: ecs.list-tasks, with: { cluster: c, service: s }",
      /^p\.yaml:6:20 steps\[0\]\.uses: no ecs connection; add one/,
    ],
    [
      "a name that does not exist",
      set("{ connection: nope, name: SHED, value: 0.1 }"),
      /steps\[0\]\.with\.connection: no settings connection nope; there are: gateway/,
    ],
    [
      "a name in a var that is written out",
      set(`{ connection: '\${{ vars.where }}', name: SHED, value: 0.1 }`),
      /no settings connection elsewhere/,
    ],
    [
      "a setting that is not listed",
      set("{ name: OTHER, value: 1 }"),
      /steps\[0\]\.with\.name: settings\.set: setting OTHER of gateway is not listed/,
    ],
    [
      "a value out of its range",
      set("{ name: SHED, value: 0.9 }"),
      /steps\[0\]\.with\.value: settings\.set: SHED of gateway: it must be at most 0\.5/,
    ],
    ["a value of another type", set("{ name: FALLBACK, value: 1 }"), /it takes true or false/],
    ["a value that is known only then", set(`{ name: SHED, value: '\${{ double(alert.labels.rate) }}' }`), undefined],
    ["what fits", set("{ name: SHED, value: 0.2 }"), undefined],
  ];
  for (const [what, step, expected] of rows) {
    it(what, () => {
      const found = read(step, "vars: { where: elsewhere }\ntarget: settings:gateway");
      if (expected === undefined) return assert.deepEqual(found, { lines: [], unusable: undefined });
      assert.equal(found.lines.length, 1);
      assert.match(found.lines[0] ?? "", expected);
      assert.ok(found.unusable);
    });
  }

  it("a step that touches what the playbook does not declare", () => {
    const step = set("{ name: SHED, value: 0.2 }");
    assert.match(
      read(step, "target: foo:bar").lines.join(),
      /it touches settings:gateway, which is neither the target nor one of also-targets \(foo:bar\)/,
    );
    assert.deepEqual(read(step, "target: foo:bar\nalso-targets: [settings:gateway]").lines, []);
    assert.deepEqual(read(step, `target: foo:\${{ alert.labels.x }}`).lines, []);
  });

  it("what goes on without a step can do without its connection, and lint still says so", () => {
    const found = read("uses: ecs.list-tasks, with: { cluster: c, service: s }, continue-on-error: true");
    assert.equal(found.lines.length, 1);
    assert.equal(found.unusable, undefined);
  });

  it("every action that takes a connection tells its kind", () => {
    for (const { name, connection, input } of actions.values()) {
      const takes = Object.hasOwn(Reflect.get(input, "shape") ?? {}, "connection");
      assert.equal(takes, connection !== undefined, name);
    }
  });
});

describe("where samples are counted", () => {
  const two = createConnections({
    ...{ redis: {}, kubernetes: {}, ecs: {}, alertmanager: {}, pagerduty: {}, settings: {} },
    http: { gateway: { baseUrl: "http://gateway:8080", allowPrivate: true, headers: {} } },
    prometheus: { a: { url: "http://a" }, b: { url: "http://b" } },
  });
  const rows: readonly (readonly [string, string, string, RegExp | undefined])[] = [
    [
      "by a check of another kind, unnamed",
      "uses: http.check, expect: ok",
      "",
      /min-samples: more than one prometheus/,
    ],
    ["by a check of another kind, named", "uses: http.check, expect: ok", "connection: b,", undefined],
    ["by a var", "uses: http.check, expect: ok", `connection: '\${{ vars.b }}',`, undefined],
    [
      "by one that is not there",
      "uses: http.check, expect: ok",
      "connection: c,",
      /min-samples\.connection: no prometheus/,
    ],
    [
      "where the check measures",
      "uses: prometheus.query, with: { connection: a, query: up }, expect: value > 0",
      "",
      undefined,
    ],
  ];
  for (const [name, check, connection, expected] of rows) {
    it(name, () => {
      const text = `name: p
match: ['alertname = "X"']
vars: { b: b }
target: http:gateway
steps: [{ id: a, uses: http.check }]
verify: { checks: [{ ${check}, min-samples: { query: up, ${connection} at-least: 1 } }] }
`;
      const { findings = [] } = parsePlaybook(text, "p.yaml", { actions, facts: [], connections: two });
      assert.equal(findings.length, expected ? 1 : 0, findings.map(formatFault).join());
      if (expected) assert.match(findings.map(formatFault).join(), expected);
    });
  }
});
