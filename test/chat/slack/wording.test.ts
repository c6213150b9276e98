import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { approvalMessage } from "../../../src/chat/slack/approval-message.ts";
import { incidentMessage } from "../../../src/chat/slack/incident-message.ts";
import { approvalText, incidentLine, list, pauseLine } from "../../../src/chat/slack/lines.ts";
import { person, refusal, said, saidOf } from "../../../src/chat/slack/said.ts";
import { SHOW_VERBS } from "../../../src/chat/slack/show-verbs.ts";
import { mrkdwn } from "../../../src/chat/slack/text.ts";
import { timelineMessage } from "../../../src/chat/slack/thread-message.ts";
import type { VerbDeps } from "../../../src/chat/slack/verb.ts";
import { plainTime } from "../../../src/core/time.ts";
import { approvalOf, entryOf, fakeDesk, leaseOf, NOON, viewOf } from "../../support/slack-desk.ts";

describe("what people read", () => {
  test("a list shows as many whole lines as there is room for, and counts the others", () => {
    const lines = Array.from({ length: 30 }, (_, n) => mrkdwn`${n} ${"<".repeat(60)}`);
    const block = list("Open", lines);
    assert.ok(block?.type === "section" && "text" in block);
    const text = block.text.text.split("\n");
    assert.ok(block.text.text.length <= 3000);
    assert.equal(text.at(-1), `… and ${30 - (text.length - 2)} more`);
    assert.ok(text.slice(1, -1).every((line) => line.length === lines[9]?.mrkdwn.length || line.length > 240));
    assert.ok(text.length < 22);
  });

  test("an approval in a list says for which incident it is", () => {
    const { mrkdwn: line } = approvalText(approvalOf({ incidentId: "inc-7" }));
    assert.match(line, /^\*apr-7f3a\* P1 gateway-fallback on `http:gateway` for inc-7, until </);
  });

  test("a take is shown with what ends it", () => {
    const taken = { scope: "taken:inc-4", by: "anna (slack)", reason: "taken over", at: NOON };
    assert.equal(pauseLine(taken).mrkdwn, "• *inc-4* taken over by anna (slack) until `release inc-4`");
  });

  test("times are the reader's own, and only what is a time becomes one", () => {
    assert.equal(
      said("ends 2026-09-01T12:00:00.000Z <!channel>", 500).mrkdwn,
      `ends <!date^${NOON / 1000}^{date_short_pretty} {time}|2026-09-01 12:00 UTC> &lt;!channel&gt;`,
    );
    assert.match(said(`ends ${plainTime(NOON)}.`, 500).mrkdwn, /^ends <!date\^\d+\^[^|]*\|2026-09-01 12:00 UTC>\.$/);
    assert.equal(said("at 2026-99-99T99:00:00Z", 500).mrkdwn, "at 2026-99-99T99:00:00Z");
  });

  test("a Slack user is shown by name; an id in somebody else's words calls nobody", () => {
    assert.equal(person("slack:U012ABCDE (slack)").mrkdwn, "<@U012ABCDE> (slack)");
    assert.equal(person("anna (slack)").mrkdwn, "anna (slack)");
    const text = "slack:U012ABCDE (slack) wrote: slack:U0VICTIM1 look";
    assert.equal(
      saidOf("slack:U012ABCDE (slack)", text, 500).mrkdwn,
      "<@U012ABCDE> (slack) wrote: slack:U0VICTIM1 look",
    );
    assert.equal(said("@U0VICTIM1", 500).mrkdwn, "@U0VICTIM1");
  });

  test("who may is said by name", () => {
    const text = "slack:U0BEN0000 is not in oncall; oncall (anna, @U034DEFGH, @S045DEFGH, token cli) may decide this";
    assert.equal(
      refusal(text, 500).mrkdwn,
      "<@U0BEN0000> is not in oncall; oncall (anna, <@U034DEFGH>, <!subteam^S045DEFGH>, token cli) may decide this",
    );
  });

  test("the thread says once who it was", () => {
    const lines = [
      entryOf("anna (slack) took over inc-1", { by: "anna (slack)" }),
      entryOf("5xx is up", { by: "alertmanager" }),
    ];
    const [first = "", second = ""] = (timelineMessage(lines).message?.text ?? "").split("\n");
    assert.equal(first.match(/anna/g)?.length, 1);
    assert.match(second, /5xx is up _\(alertmanager\)_$/);
  });

  test("an approval says what its incident is about, and afterwards who decided, when and from where", () => {
    const about = { mentions: [], incidentTitle: "LiteLLMHighErrorRate on litellm" };
    assert.match(
      JSON.stringify(approvalMessage(approvalOf(), about)),
      /for inc-12 \(LiteLLMHighErrorRate on litellm\)/,
    );
    const vote = {
      by: "token:x (api)",
      person: "anna",
      via: "api",
      at: NOON,
      decision: "reject" as const,
      reason: "no",
    };
    const locked = approvalMessage(approvalOf({ status: "rejected", votes: [vote], decidedAt: NOON }), about);
    assert.match(JSON.stringify(locked), /rejected by \*anna\* from the API <!date[^>]*>: no/);
  });

  test("an incident that is closed while an alert fires is not called recovered", () => {
    const incident = { status: "resolved" as const, resolvedAt: NOON + 600_000 };
    const closed = JSON.stringify(incidentMessage(viewOf({ incident, firing: 2 })));
    assert.match(closed, /⚪ Closed by hand · P1 .*after 11 min; 2 alerts still firing/);
    assert.doesNotMatch(closed, /Recovered|#2eb67d/);
    assert.match(JSON.stringify(incidentMessage(viewOf({ incident }))), /🟢 Recovered · P1 .*#2eb67d/);
  });
});

test("an acknowledgement that has ended is shown as one, and can be given again", () => {
  const incident = { acknowledged: { by: "anna (slack)", at: NOON, until: NOON + 1_800_000 } };
  const holds = JSON.stringify(incidentMessage(viewOf({ incident, restsUntil: NOON + 1_800_000 })));
  assert.match(holds, /\*Acknowledged by anna[^*]*\*; it calls nobody else until <!date/);
  assert.doesNotMatch(holds, /"text":"Acknowledge"/);
  const over = JSON.stringify(incidentMessage(viewOf({ incident })));
  assert.match(
    over,
    /\*Nobody holds the calls back any more\*: anna[^*]* acknowledged it \(<!date[^>]*>\), and that ended <!date/,
  );
  assert.match(over, /"text":"Acknowledge"/);
});

test("a list says when an incident was opened, not that it has been mitigated since then", () => {
  const { mrkdwn } = incidentLine(viewOf({ incident: { status: "mitigated" } }).incident);
  assert.match(mrkdwn, /– mitigated, opened <!date/);
});

test("a lease whose undoing has failed and is tried again is not shown as one that ends as promised", () => {
  const failing = leaseOf({ attempts: 2, failure: "no answer within 5 s" });
  const shown = JSON.stringify(incidentMessage(viewOf({ leases: [failing] })));
  assert.match(
    shown,
    /⚠️ undoing failed \(no answer within 5 s\), again <!date[^>]*>: set FALLBACK_ENABLED back to false/,
  );
  const failed = leaseOf({ status: "failed", failure: "it is 0.7 now; somebody changed it since" });
  const why = /⚠️ could not be undone \(it is 0.7 now; somebody changed it since\): set FALLBACK_ENABLED/;
  assert.match(JSON.stringify(incidentMessage(viewOf({ leases: [failed] }))), why);
  assert.match(JSON.stringify(incidentMessage(viewOf({ leases: [leaseOf()] }))), /until <!date[^>]*>, then: set/);
});

test("status shows what could not be undone first: it is in force, and needs somebody", async () => {
  const leases = [
    leaseOf({ id: "lease-1" }),
    leaseOf({ id: "lease-2", status: "failed" }),
    leaseOf({ id: "lease-3", status: "reverting" }),
    leaseOf({ id: "lease-4", status: "reverted" }),
    leaseOf({ id: "lease-5", attempts: 1, failure: "access denied" }),
  ];
  const desk = fakeDesk([viewOf({ leases })]);
  const deps = {
    desk,
    approvals: {},
    resolveUserGroup: async () => new Set(),
    now: () => NOON,
    archive: async () => "",
  };
  const who = { name: "anna", via: "slack", role: "operator" } as const;
  const answer = await SHOW_VERBS["status"]?.answer(deps as unknown as VerbDeps, { who, args: [], confirmed: false });
  assert.match(answer?.text.mrkdwn ?? "", /4 temporary changes/);
  assert.match(
    JSON.stringify(answer?.blocks),
    /lease-2\* ⚠️ could not be undone: set .*lease-3\* is being undone: .*lease-1\* until.*lease-5\* ⚠️ undoing failed \(access denied\), again /,
  );
});
