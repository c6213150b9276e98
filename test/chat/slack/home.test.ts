import assert from "node:assert/strict";
import { test } from "node:test";
import { homeView } from "../../../src/chat/slack/home.ts";
import type { VerbDeps } from "../../../src/chat/slack/verb.ts";
import type { Approval } from "../../../src/core/approval.ts";
import type { PageQuery } from "../../../src/core/desk.ts";
import { approvalOf, fakeDesk, NOON } from "../../support/slack-desk.ts";

const GROUP = { people: [], slackUsers: [], slackUserGroups: ["S1"], apiTokens: [] };

/** The App Home of Anna, who is in the only group; how often Slack was asked who is in it. */
async function homeWith(newestFirst: readonly Approval[]) {
  let asked = 0;
  const approvals = async ({ limit, cursor = "0" }: PageQuery) => {
    const end = Number(cursor) + limit;
    return { items: newestFirst.slice(Number(cursor), end), ...(end < newestFirst.length && { next: String(end) }) };
  };
  const group = newestFirst[0]?.policy.group ?? "oncall";
  const deps = {
    desk: { ...fakeDesk(), approvals },
    approvals: { people: {}, groups: { [group]: GROUP }, default: undefined },
    resolveUserGroup: async () => {
      asked += 1;
      return new Set(["U1"]);
    },
    now: () => NOON,
  } as unknown as VerbDeps;
  const { blocks } = await homeView(deps, { name: "anna", role: "operator", slackUser: "U1", via: "slack" });
  return { text: JSON.stringify(blocks), asked: () => asked };
}

test("everything that waits for me is counted, the worst and oldest is shown first, and it says how many more there are", async () => {
  const storm = Array.from({ length: 999 }, (_, n) => approvalOf({ id: `apr-${n + 2}`, requestedAt: NOON + n }));
  const oldest = approvalOf({ id: "apr-1", severity: "P0", requestedAt: NOON - 1 });
  const { text, asked } = await homeWith([...storm.toReversed(), oldest]);
  assert.match(text, /Waiting for you: 1000/);
  assert.match(text, /Waiting for you.*?\*apr-1\* P0.*?\*apr-2\* P1/);
  const shown = text.match(/"approve apr-\d+/g)?.length ?? 0;
  assert.ok(shown > 2 && text.includes(`and ${1_000 - shown} more`), `${shown} shown`);
  assert.equal(asked(), 1);
});

test("no buttons are shown without what they are for, however long that is", async () => {
  const long = (path: string) => ({ ...STEP, path, describe: `${path} ${"&".repeat(300)}` });
  const steps = ["a", "b", "c"].map(long);
  const { text } = await homeWith(Array.from({ length: 20 }, (_, n) => approvalOf({ id: `apr-${n + 1}`, steps })));
  const ids = [...text.matchAll(/"approve (apr-\d+)/g)].map(([, id]) => id);
  assert.ok(ids.length > 0);
  for (const id of ids) assert.ok(text.includes(`*${id}* P1`), id);
  assert.ok(text.includes(`and ${20 - ids.length} more`));
});

const [STEP] = approvalOf().steps as [Approval["steps"][number]];
