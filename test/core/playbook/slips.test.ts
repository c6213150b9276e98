import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, parse, withSteps } from "./samples.ts";

const CHECK = "- { id: a, uses: http.check }";
const BRANCH = `${CHECK}
- id: b
  switch: [{ when: "steps.a.outcome in ['failed', 'error']", steps: [{ id: c, uses: http.check }] }]`;

const SLIPS: readonly (readonly [string, string, string])[] = [
  [
    "a reference that only stanch.yaml fills in",
    withSteps(`- { id: b, uses: http.check, with: { path: '/\${env:TOKEN}' } }`),
    `p.yaml:5:46 steps[0].with.path: \${env:TOKEN} is filled in in stanch.yaml only: in a connection, or under vars`,
  ],
  [
    "an outcome that there is not",
    withSteps(`${CHECK}\n- { id: b, if: steps.a.outcome == "success", uses: http.check }`),
    'p.yaml:6:37 steps[1].if: steps.a.outcome is never "success"; known: succeeded, failed, skipped, cancelled',
  ],
  [
    "one of a list of outcomes",
    withSteps(BRANCH),
    'p.yaml:7:53 steps[1].switch[0].when: steps.a.outcome is never "error"; known: succeeded, failed, skipped, cancelled',
  ],
  [
    "a severity that there is not",
    withSteps("- { id: b, if: '\"SEV1\" != incident.severity', uses: http.check }"),
    'p.yaml:5:18 steps[0].if: incident.severity is never "SEV1"; known: P0, P1, P2',
  ],
  [
    "a word that an output never gives",
    withSteps(
      `- { id: q, uses: prometheus.query, with: { query: up } }\n- { id: b, if: steps.q.output.state == "none", wait: 5s }`,
    ),
    'p.yaml:6:42 steps[1].if: steps.q.output.state is never "none"; known: value, empty',
  ],
  [
    "a word that a check's output never gives",
    withSteps(CHECK, "verify: { checks: [{ uses: prometheus.query, with: { query: up }, expect: state == 'valu' }] }"),
    'p.yaml:4:84 verify.checks[0].expect: state is never "valu"; did you mean value?',
  ],
  [
    "a step that no expression can name",
    withSteps("- { id: in, uses: http.check }"),
    "p.yaml:5:11 steps[0].id: in is a word of CEL, so no expression can name this step",
  ],
  [
    "a var that no expression can name",
    withSteps(CHECK, "vars: { 'null': 5 }"),
    "p.yaml:4:17 vars.null: null is a word of CEL, so no expression can name this var",
  ],
  [
    "more rounds than there may be",
    withSteps(`- { id: r, for-each: [${Array(101).fill(1).join()}], steps: [{ id: w, wait: 5s }] }`),
    "p.yaml:5:24 steps[0].for-each: it has 101 entries; at most 100",
  ],
  [
    "checks that can never hold long enough",
    withSteps(CHECK, "verify: { checks: [{ uses: http.check, expect: true }], within: 2m }"),
    "p.yaml:4:9 verify: measured every 30s, a hold of 2m is known after 2m; within must be longer",
  ],
  [
    "checks of which only the first comes in time",
    withSteps(CHECK, "verify: { checks: [{ uses: http.check, expect: true }], every: 10m, hold: 1m, within: 5m }"),
    "p.yaml:4:9 verify: measured every 10m, a hold of 1m is known after 10m; within must be longer",
  ],
];

for (const [what, text, fault] of SLIPS) {
  test(`${what} is a fault of a file, and no reason not to read the text of a run under way`, () => {
    assert.deepEqual(faultsOf(text), [fault]);
    assert.equal(parse(text, { stored: true }).name, "p");
  });
}

test("a reference in what is written into the configuration of another program is none", () => {
  const reference = `'\${env:POD_IP}:4317'`;
  const set = `with: { name: endpoint, value: ${reference} }`;
  assert.deepEqual(faultsOf(withSteps(`- { id: b, uses: settings.set, ${set} }`)), []);
  const patch = `with: { changes: [{ path: [otlp], value: { endpoint: ${reference} } }] }`;
  assert.doesNotMatch(faultsOf(withSteps(`- { id: b, uses: settings.set, ${patch} }`)).join(), /filled in/);
  const name = `with: { name: ${reference}, value: 1 }`;
  assert.match(faultsOf(withSteps(`- { id: b, uses: settings.set, ${name} }`)).join(), /with\.name: .* is filled in/);
});

test("comparisons that can hold are none", () => {
  const conditions = ["steps.a.outcome != 'skipped'", "incident.severity in ['P0', 'P1']", "target == 'success'"];
  const steps = conditions.map((text, number) => `- { id: b${number}, if: "${text}", uses: http.check }`);
  assert.deepEqual(faultsOf(withSteps([CHECK, ...steps].join("\n"))), []);
});
