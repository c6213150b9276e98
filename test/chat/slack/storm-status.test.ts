import assert from "node:assert/strict";
import { test } from "node:test";
import { openIncidents } from "../../../src/chat/slack/show-verbs.ts";
import type { Desk, PageQuery } from "../../../src/core/desk.ts";
import { incidentOf, NOON } from "../../support/slack-desk.ts";

test("in a storm every open incident is counted, and a P0 that is older than all of it comes first", async () => {
  const storm = Array.from({ length: 999 }, (_, n) => incidentOf({ id: `inc-${n + 2}`, openedAt: NOON + n }));
  const newestFirst = [incidentOf({ id: "inc-1", severity: "P0" }), ...storm].toReversed();
  const incidents = async ({ limit, cursor = "0", status }: PageQuery & { status?: string }) => {
    const from = Number(cursor);
    const items = status === "open" ? newestFirst.slice(from, from + limit) : [];
    return from + items.length < newestFirst.length && items.length > 0
      ? { items, next: String(from + items.length) }
      : { items };
  };
  const open = await openIncidents({ incidents } as unknown as Desk);
  assert.deepEqual([open.length, open[0]?.id], [1_000, "inc-1"]);
});
