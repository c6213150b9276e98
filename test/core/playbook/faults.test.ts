import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AppError } from "../../../src/core/errors.ts";
import { parsePlaybook } from "../../../src/core/playbook/parse.ts";
import { faultsOf, OPTIONS, parse, withSteps } from "./samples.ts";

const CHECK = "- { id: a, uses: http.check }";

function table(title: string, rows: readonly (readonly [string, string, string | RegExp])[]): void {
  describe(title, () => {
    for (const [name, text, expected] of rows) {
      test(name, () => {
        const faults = faultsOf(text);
        if (typeof expected === "string") assert.deepEqual(faults, [expected]);
        else assert.match(faults.join("\n"), expected);
      });
    }
  });
}

table("the whole", [
  [
    "unknown key",
    withSteps(CHECK, "priorty: 3"),
    "p.yaml:4:1 priorty: unknown key priorty of playbook; did you mean priority?",
  ],
  [
    "no name",
    "match: ['a = \"x\"']\ntarget: x\nsteps: [{ id: a, uses: http.check }]",
    "p.yaml:1:1: playbook needs name",
  ],
  ["a list", "- a", /playbook is a map of keys, not a list/],
  ["empty", "", /playbook needs name/],
  ["broken YAML", "name: [", /p.yaml:1:8/],
  ["alias", "a: &x 1\nb: *x", /anchors are not allowed.*\n.*aliases are not allowed/],
  ["repeated key", "name: a\nname: b", "p.yaml:2:1: the key name stands twice in one map"],
  [
    "name",
    withSteps(CHECK).replace("name: p", "name: My Playbook"),
    /p.yaml:1:7 name: the text "My Playbook" is not a name/,
  ],
  ["no matcher", withSteps(CHECK).replace(/match.*\n/, ""), /playbook needs match/],
  ["empty matchers", withSteps(CHECK).replace(/match.*\n/, "match: []\n"), /match: it is empty/],
  [
    "matches everything",
    withSteps(CHECK).replace(/match.*\n/, "match: ['a =~ \".*\"', 'b != \"x\"']\n"),
    /alert without labels/,
  ],
  ["bad matcher", withSteps(CHECK).replace(/match.*\n/, "match: ['a =~ \"(\"']\n"), /p.yaml:2:9 match\[0\]: .*RE2/],
  [
    "severity",
    withSteps(CHECK, "severity: [P0, P7]"),
    'p.yaml:4:16 severity[1]: it is the text "P7"; write one of P0, P1, P2',
  ],
  ["autonomy level", withSteps(CHECK, "autonomy: { P0: full }"), /write one of observe, approve, auto/],
  ["autonomy severity", withSteps(CHECK, "autonomy: { P3: auto }"), /unknown key P3 of autonomy/],
  ["priority", withSteps(CHECK, "priority: 1.5"), /whole number/],
  ["cooldown without a unit", withSteps(CHECK, "limits: { cooldown: 15 }"), /write it with a unit/],
  ["window", withSteps(CHECK, "limits: { budget: [{ runs: 0 }] }"), /budget window needs per\n.*at least 1/],
  ["on", withSteps(CHECK, "on: sometimes"), /write one of firing, recovered, manual/],
  ["on-failure", withSteps(CHECK, "on-failure: [panic]"), /write one of revert, next-playbook, escalate/],
  ["target", withSteps(CHECK).replace("redis:x", `\${{ vars.limit }}`), /target: it gives double, not text/],
  ["var name", withSteps(CHECK, "vars: { My-Var: 1 }"), /"My-Var" is not the name of a var/],
  ["later var", withSteps(CHECK, `vars: { a: '\${{ vars.b }}', b: 1 }`), /no var b/],
  [
    "valid-for that no worker could keep",
    withSteps(CHECK, "approval: { valid-for: 9s }"),
    "p.yaml:4:24 approval.valid-for: it must be at least 10s",
  ],
  ["valid-for without a unit", withSteps(CHECK, "approval: { valid-for: 5 }"), /write it with a unit/],
  ["no steps", withSteps(CHECK).replace(/steps:.*/s, "steps: []"), /steps: it is empty/],
]);

table("steps", [
  [
    "unknown action",
    withSteps("- { id: a, uses: ecs.redeploi }"),
    "p.yaml:5:20 steps[0].uses: there is no action ecs.redeploi; did you mean ecs.redeploy?",
  ],
  ["no kind", withSteps("- { id: a }"), /needs one of uses, switch, parallel, for-each, wait/],
  ["two kinds", withSteps("- { id: a, uses: http.check, wait: 3s }"), /unknown key wait of step/],
  ["no id", withSteps("- { uses: http.check }"), /step needs id/],
  ["bad id", withSteps("- { id: my-step, uses: http.check }"), /is not an id/],
  [
    "same id in blocks",
    withSteps(`${CHECK}\n- { id: b, switch: [{ when: true, steps: [{ id: a, wait: 1s }] }] }`),
    /the id a is used twice/,
  ],
  [
    "an input of no kind that there is",
    withSteps("- { id: a, uses: settings.set, with: { name: X, value: [1] } }"),
    /settings.set: Invalid input: expected number, boolean or string$/,
  ],
  [
    "foreign input beside one that is not known yet",
    withSteps(`- { id: a, uses: http.check, with: { path: '\${{ target }}', pth: / } }`),
    /http.check: it takes no pth/,
  ],
  [
    "one name for the items of a round and of a round in it",
    withSteps(
      "- { id: a, for-each: [1], as: x, steps: [{ id: b, for-each: [2], as: x, steps: [{ id: c, uses: http.check }] }] }",
    ),
    /x means something else already/,
  ],
  ["foreign input", withSteps("- { id: a, uses: http.check, with: { pth: / } }"), /http.check: it takes no pth/],
  [
    "missing input",
    withSteps("- { id: a, uses: ecs.redeploy, with: { cluster: x } }"),
    /with.service: ecs.redeploy: it needs service/,
  ],
  [
    "wrong input",
    withSteps("- { id: a, uses: ecs.redeploy, with: { cluster: 3, service: x } }"),
    /with.cluster: ecs.redeploy: .*string/,
  ],
  ["no input at all", withSteps("- { id: a, uses: ecs.redeploy }"), /it needs cluster\n.*it needs service/],
  [
    "missing beside an expression",
    withSteps(`- { id: a, uses: ecs.redeploy, with: { cluster: '\${{ target }}' } }`),
    /it needs service/,
  ],
  ["unknown step", withSteps("- { id: a, uses: http.check, if: steps.b.outcome == 'x' }"), /there is no step b/],
  [
    "later step",
    withSteps(`- { id: a, uses: http.check, if: steps.b.outcome == 'x' }\n- { id: b, wait: 1s }`),
    /step b comes later/,
  ],
  ["itself", withSteps("- { id: a, uses: http.check, if: steps.a.outcome == 'x' }"), /step a comes later/],
  [
    "foreign output",
    withSteps(
      `- { id: a, uses: prometheus.query, with: { query: up } }\n- { id: b, if: steps.a.output.vlaue > 1, uses: http.check }`,
    ),
    /p.yaml:6:33 steps\[1\].if: the output of a has no field vlaue; did you mean value\?/,
  ],
  [
    "type of an output",
    withSteps(
      `- { id: a, uses: prometheus.query, with: { query: up } }\n- { id: b, if: steps.a.output.value > "1", uses: http.check }`,
    ),
    /cannot be applied to double and string/,
  ],
  [
    "type of a var",
    withSteps("- { id: b, if: 'vars.region > 3', uses: http.check }"),
    /cannot be applied to string and int/,
  ],
  [
    "no condition",
    withSteps("- { id: b, if: 'vars.limit', uses: http.check }"),
    /gives true or false, this gives double/,
  ],
  ["empty condition", withSteps("- id: b\n  if:\n  uses: http.check"), /it is nothing; write a CEL expression/],
  ["retry", withSteps("- { id: a, uses: http.check, retry: { attempts: 0 } }"), /from 1 to 20/],
  ["timeout", withSteps("- { id: a, uses: http.check, timeout: 10ms }"), /at least 1s/],
]);

const SET = "id: a, uses: settings.set, with: { name: A, value: 1 }";

table("leases, approvals, blocks, checks", [
  [
    "lease without undo",
    withSteps("- { id: a, uses: ecs.redeploy, with: { cluster: c, service: s }, lease: { for: 2h } }"),
    /ecs.redeploy cannot be undone, so it can have no lease/,
  ],
  ["lease with two ends", withSteps(`- { ${SET}, lease: { for: 2h, until: now } }`), /either for or until/],
  ["lease without an end", withSteps(`- { ${SET}, lease: {} }`), /either for or until/],
  ["until is no time", withSteps(`- { ${SET}, lease: { until: '5' } }`), /it gives int, not timestamp/],
  [
    "lease then something",
    withSteps(`- { ${SET}, lease: { for: 2h, then: forget } }`),
    /is not revert or playbook:NAME/,
  ],
  ["release-when", withSteps(`- { ${SET}, lease: { for: 2h, release-when: ['facts.cpuu < 1'] } }`), /no fact cpuu/],
  ["parallel change", withSteps(`- { id: b, parallel: [{ ${SET} }] }`), /parallel steps only read/],
  [
    "parallel block",
    withSteps("- { id: b, parallel: [{ id: a, wait: 1s }] }"),
    /a wait step does more than read; parallel steps only read/,
  ],
  [
    "parallel siblings",
    withSteps(
      "- { id: b, parallel: [{ id: a, uses: http.check }, { id: c, if: steps.a.outcome == 'x', uses: http.check }] }",
    ),
    /step a comes later/,
  ],
  [
    "for-each over a number",
    withSteps(`- { id: b, for-each: '\${{ vars.limit }}', steps: [{ id: a, wait: 1s }] }`),
    /it gives double, not a list/,
  ],
  [
    "for-each as",
    withSteps("- { id: b, for-each: [1], as: steps, steps: [{ id: a, wait: 1s }] }"),
    /means something else already/,
  ],
  [
    "item outside",
    withSteps("- { id: b, for-each: [1], steps: [{ id: a, wait: 1s }] }\n- { id: c, if: item == 1, wait: 1s }"),
    /unknown name item/,
  ],
  ["wait", withSteps("- { id: b, wait: soon }"), /is no duration/],
  ["case without steps", withSteps("- { id: b, switch: [{ when: true }] }"), /case needs steps/],
  [
    "changing check",
    withSteps(CHECK, "verify: { checks: [{ uses: settings.set, with: { name: A, value: 1 }, expect: former < 1 }] }"),
    /a check only reads/,
  ],
  [
    "foreign field",
    withSteps(CHECK, "verify: { checks: [{ uses: prometheus.query, with: { query: up }, expect: vlaue < 1 }] }"),
    /the output has no field vlaue; did you mean value\?/,
  ],
  [
    "hold and within",
    withSteps(CHECK, "verify: { checks: [{ uses: http.check, expect: status == 200 }], hold: 10m, within: 5m }"),
    /within must be longer than hold, or the checks can never hold long enough/,
  ],
  [
    "min-samples",
    withSteps(CHECK, "verify: { checks: [{ uses: http.check, expect: true, min-samples: { query: up } }] }"),
    /min-samples needs at-least/,
  ],
  ["no checks", withSteps(CHECK, "verify: { checks: [] }"), /checks: it is empty/],
]);

test("every fault of a file is told at once, in the order of the text", () => {
  const faults = faultsOf(
    withSteps(
      "- { id: a, uses: nope }\n- { id: b, uses: http.check, if: facts.no > 1, timeout: x }",
      "severity: [P9]\nowner: 3",
    ),
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(" ")[0]),
    ["p.yaml:4:12", "p.yaml:5:8", "p.yaml:7:20", "p.yaml:8:42", "p.yaml:8:59"],
  );
});

test("an approval group must exist where the groups are known", () => {
  const text = withSteps(CHECK, "approval: { group: oncal }");
  assert.deepEqual(faultsOf(text), []);
  assert.match(faultsOf(text, { groups: ["oncall"] }).join(), /no approval group oncal; did you mean oncall\?/);
});

test("a key whose behaviour does not exist yet is refused at its place", () => {
  const text = withSteps(CHECK, "owner: platform");
  assert.deepEqual(faultsOf(text), []);
  assert.deepEqual(faultsOf(text, { notYet: new Set(["playbook.owner"]) }), [
    "p.yaml:4:1 owner: owner of playbook: not implemented yet",
  ]);
});

test("a lease may end with a playbook", () => {
  const [step] = parse(withSteps(`- { ${SET}, lease: { for: 2h, then: 'playbook:other' } }`)).steps;
  assert.deepEqual(step?.kind === "action" && step.lease?.onEnd, { kind: "playbook", name: "other" });
});

test("any text is a playbook or an AppError with faults", () => {
  const line = fc.constantFrom(
    "name: p",
    "match: ['a = \"b\"']",
    "target: x",
    "steps:",
    "  - id: a",
    "    uses: http.check",
    "    with: { a: 1 }",
    "- b",
    "  x: [",
    "}",
    `vars: { a: '\${{ b }}' }`,
    "verify: 3",
    "<<: {}",
    "\t",
    "    if: facts.cpu >",
    "    switch: [{}]",
    "    parallel: 1",
    "    for-each: {}",
  );
  const near = fc.array(line, { maxLength: 14 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => {
      try {
        parsePlaybook(text, "p.yaml", OPTIONS);
      } catch (error) {
        assert.ok(error instanceof AppError && error.faults.length > 0, String(error));
      }
    }),
    { numRuns: 400 },
  );
});
