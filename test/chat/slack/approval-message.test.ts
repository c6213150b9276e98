import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reminderMessage } from "../../../src/chat/slack/approval-end.ts";
import { approvalMessage, planBlocks } from "../../../src/chat/slack/approval-message.ts";
import { incidentMessage } from "../../../src/chat/slack/incident-message.ts";
import { escalationMessage } from "../../../src/chat/slack/thread-message.ts";
import type { Approval } from "../../../src/core/approval.ts";
import { approvalOf, entryOf, NOON, runOf, viewOf } from "../../support/slack-desk.ts";
import { slackFaults } from "../../support/slack-limits.ts";

type Shown = { text: string; action_id: string; value: string; confirm?: string };

/** The buttons under an approval, after Slack's rules have been checked. */
function buttonsOf(approval: Approval): readonly Shown[] {
  const message = approvalMessage(approval, { mentions: [] });
  assert.deepEqual(slackFaults(message), []);
  return message.blocks.flatMap((block) => {
    if (block.type !== "actions") return [];
    return block.elements.map(({ text, action_id, value, confirm }) => ({
      text: text.text,
      action_id,
      value,
      ...(confirm && { confirm: confirm.text.text }),
    }));
  });
}

test("an input that is pending within bounds is shown with them, in the message and in the plan", () => {
  const [step] = approvalOf().steps;
  assert.ok(step);
  const input = { service: "litellm", desired: "pending, 1 to 4" };
  const bounds = { desired: { min: 1, max: 4 } };
  const bounded = { ...step, describe: "ecs.scale (desired: pending, 1 to 4)", input, bounds };
  const approval = approvalOf({ steps: [bounded] });
  const message = approvalMessage(approval, { mentions: [] });
  assert.deepEqual(slackFaults(message), []);
  assert.match(JSON.stringify(message.blocks), /1\. ecs\.scale \(desired: pending, 1 to 4\)/);
  assert.doesNotMatch(JSON.stringify(message.blocks), /it asks again then/, "one approval covers it");
  const plan = { text: "plan", blocks: planBlocks(approval) };
  assert.deepEqual(slackFaults(plan), []);
  assert.match(JSON.stringify(plan), /service: litellm\\ndesired: pending, 1 to 4/);
});

describe("a veto window", () => {
  const policy = { ...approvalOf().policy, veto: 60_000 };
  const textOf = (approval: Approval) => {
    const message = approvalMessage(approval, { mentions: [] });
    assert.deepEqual(slackFaults(message), []);
    return JSON.stringify(message);
  };

  test("says when it runs by itself, and the reminder does not say that it expires", () => {
    assert.match(textOf(approvalOf({ policy })), /may object; without an objection it runs 60 s after this message/);
    const begun = approvalOf({ policy, vetoEndsAt: NOON });
    assert.match(textOf(begun), /may object; without an objection it runs <!date\^/);
    const reminder = reminderMessage(begun, { mentions: [], severity: "P0" });
    assert.deepEqual(slackFaults(reminder), []);
    assert.match(reminder.text, /waits for an objection to .*; runs <!date\^.* unless someone objects/);
  });

  test("that nobody objected to names nobody as its approver", () => {
    const vote = { by: "nobody objected", person: "", via: "stanch", at: NOON, decision: "approve" } as const;
    const decided = textOf(approvalOf({ policy, status: "approved", votes: [vote], decidedAt: NOON }));
    assert.match(decided, /nobody objected <!date/);
    assert.doesNotMatch(decided, /approved by/);
  });
});

describe("the buttons of an approval", () => {
  test("offer to keep it only where the approval does, and say what that means", () => {
    const labels = (approval: Approval) => buttonsOf(approval).map(({ text }) => text);
    assert.deepEqual(labels(approvalOf()), ["Approve", "Reject", "Show plan"]);
    const offered = approvalOf({ offersKeep: true });
    assert.deepEqual(labels(offered), ["Approve", "Approve and keep it", "Reject", "Show plan"]);
    assert.deepEqual(buttonsOf(offered)[1], {
      text: "Approve and keep it",
      action_id: "stanch:approve:keep",
      value: "approve apr-7f3a keep",
      confirm: "It gets no lease: nothing undoes it after this run.",
    });
  });

  test("warn of what cannot be made good again, kept or not", () => {
    const [step] = approvalOf().steps;
    assert.ok(step);
    const shown = buttonsOf(approvalOf({ offersKeep: true, steps: [{ ...step, effect: "destructive" }] }));
    for (const { confirm } of shown.slice(0, 2))
      assert.match(confirm ?? "", /1 of the steps cannot be made good again/);
  });

  test("are gone once it is decided, and the vote says that it is kept", () => {
    const vote = { by: "anna", person: "anna", via: "slack", at: NOON, decision: "approve", keep: true } as const;
    const decided = approvalOf({ offersKeep: true, status: "approved", votes: [vote], decidedAt: NOON });
    assert.deepEqual(buttonsOf(decided), []);
    assert.match(
      JSON.stringify(approvalMessage(decided, { mentions: [] })),
      /approved to be kept by \*anna\* from Slack/,
    );
  });
});

test("what Slack takes no blocks of still calls people and says what decides it", () => {
  const mentions = [{ mrkdwn: "<@U012ABCDE>" }];
  const { alone } = approvalMessage(approvalOf(), { mentions });
  assert.match(alone ?? "", /^<@U012ABCDE> 🗳️ Approval needed: /);
  assert.match(
    alone ?? "",
    /\n`\/stanch approve apr-7f3a` or `\/stanch reject apr-7f3a`\n• set FALLBACK_ENABLED of gateway to true$/,
  );
});

test("a playbook's runbook is a link in approvals, on the incident and in calls; what is no web address is text", () => {
  const shown = (runbook: string) => {
    const view = viewOf({ runs: [runOf({ runbook })] });
    const messages = [
      approvalMessage(approvalOf({ runbook }), { mentions: [] }),
      incidentMessage(view),
      escalationMessage(view, entryOf("a person is needed"), { mentions: [] }),
    ];
    for (const message of messages) assert.deepEqual(slackFaults(message), []);
    return messages.map((message) => JSON.stringify(message));
  };
  for (const text of shown("https://runbooks.example.com/a"))
    assert.match(text, /<https:\/\/runbooks.example.com\/a\|runbook>/);
  for (const text of shown("wiki: <!channel>")) assert.match(text, /runbook: wiki: &lt;!channel&gt;/);
});
