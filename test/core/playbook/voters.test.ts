import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ApprovalSettings } from "../../../src/core/config.ts";
import { formatFault } from "../../../src/core/errors.ts";
import { votersOf } from "../../../src/core/voters.ts";
import { parse, withSteps } from "./samples.ts";

const NOBODY = { people: [], slackUsers: [], slackUserGroups: [], apiTokens: [] };
const SETTINGS: ApprovalSettings = {
  people: { anna: { slack: "U1", token: "t-anna" }, ben: {} },
  groups: {
    anna: { ...NOBODY, people: ["anna"], slackUsers: ["U1"], apiTokens: ["t-anna"] },
    two: { ...NOBODY, people: ["ben"], slackUsers: ["U2"] },
    slack: { ...NOBODY, slackUserGroups: ["S1"] },
    tokens: { ...NOBODY, apiTokens: ["t-1", "t-2"] },
    empty: NOBODY,
  },
  default: {
    group: "anna",
    required: 1,
    requesterMayApprove: true,
    expires: 900_000,
    validFor: 900_000,
    onExpiry: "escalate",
  },
};

const SET = "id: a, uses: settings.set, with: { name: A, value: 1 }";

function notes(steps: string, top = "", byDefault: Partial<ApprovalSettings["default"]> = {}): readonly string[] {
  const voters = votersOf({ ...SETTINGS, default: { ...SETTINGS.default, ...byDefault } });
  return (parse(withSteps(steps, top), { voters }).findings ?? []).map(formatFault);
}

describe("an approval that nobody can give is noted", () => {
  test("of more people than are in the group, who count once under whatever name", () => {
    assert.deepEqual(notes(`- { ${SET} }`, "approval: { required: 2 }"), [
      "p.yaml:4:11 approval: 2 people have to agree, and only 1 person is in the group anna: its approvals can only expire; add people under approvals.groups.anna",
    ]);
    assert.deepEqual(notes(`- { ${SET} }`, "approval: { required: 2, group: two }"), []);
    assert.match(notes(`- { ${SET} }`, "approval: { required: 3, group: two }").join(), /only 2 are in the group two/);
  });

  test("and tokens of nobody do not count where several have to agree", () => {
    assert.deepEqual(notes(`- { ${SET} }`, "approval: { group: tokens }"), []);
    const several = notes(`- { ${SET} }`, "approval: { group: tokens, required: 2 }");
    assert.match(several.join(), /2 people have to agree, and nobody is in the group tokens/);
  });

  test("of a step's own number, and of stanch.yaml's", () => {
    assert.match(notes(`- { ${SET}, approval: { required: 2 } }`).join(), /^p.yaml:1:1: 2 people have to agree/);
    assert.match(notes(`- { ${SET} }`, "", { required: 2 }).join(), /2 people have to agree, and only 1 person/);
    assert.match(notes(`- { ${SET} }`, "", { group: "empty" }).join(), /1 person has to agree, and nobody is in/);
  });

  test("and neither what suffices, nor members that only Slack knows, nor what asks nobody", () => {
    const observed = "autonomy: { P0: observe, P1: observe, P2: observe }\napproval: { required: 2 }";
    assert.deepEqual(notes(`- { ${SET} }`, observed), []);
    assert.deepEqual(notes(`- { ${SET} }`), []);
    assert.deepEqual(notes(`- { ${SET} }`, "approval: { required: 9, group: slack }"), []);
    assert.deepEqual(notes("- { id: a, uses: http.check }", "approval: { required: 2 }"), []);
  });
});
