import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { faultsOf, withSteps } from "./samples.ts";

const SET = "id: a, uses: settings.set, with: { name: A, value: 1 }";

const REFUSED: readonly (readonly [string, string, string | RegExp])[] = [
  [
    "of what is not reversible",
    withSteps("- { id: a, uses: ecs.redeploy, with: { cluster: c, service: s } }", "approval: { veto: 60s }"),
    "p.yaml:4:19 approval.veto: veto is for reversible steps only; in step a ecs.redeploy is disruptive",
  ],
  [
    "within a block",
    withSteps(
      "- { id: b, switch: [{ when: true, steps: [{ id: a, uses: redis.flushdb }] }] }",
      "approval: { veto: 60s }",
    ),
    /redis.flushdb is destructive/,
  ],
  [
    "where it depends on the input",
    withSteps("- { id: a, uses: http.request, with: { path: / } }", "approval: { veto: 60s }"),
    /depends on its input/,
  ],
  [
    "where people have to agree",
    withSteps(`- { ${SET} }`, "approval: { veto: 60s, required: 2 }"),
    "p.yaml:4:19 approval.veto: veto goes ahead when nobody objects, but required says that 2 people have to agree; leave one of the two out",
  ],
  [
    "where a step needs people",
    withSteps(`- { ${SET}, approval: { required: 1 } }`, "approval: { veto: 60s }"),
    /but step \w+ needs 1 person; leave one of the two out/,
  ],
];

describe("a veto is refused", () => {
  for (const [name, text, expected] of REFUSED) {
    test(name, () => {
      const faults = faultsOf(text);
      if (typeof expected === "string") assert.deepEqual(faults, [expected]);
      else assert.match(faults.join("\n"), expected);
    });
  }
});

const requiring = (required: number) => ({ voters: { members: {}, byDefault: { group: "oncall", required } } });

test("a veto does not get round the number of people that stanch.yaml requires", () => {
  const text = withSteps(`- { ${SET} }`, "approval: { veto: 60s }");
  assert.deepEqual(faultsOf(text, requiring(1)), []);
  assert.match(faultsOf(text, requiring(2)).join(), /p.yaml:4:19 approval.veto.*approvals.default.* requires 2 people/);
  assert.deepEqual(faultsOf(withSteps(`- { ${SET} }`, "approval: { veto: 60s, required: 1 }"), requiring(2)), []);
});
