import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { reminderMessage } from "../../../src/chat/slack/approval-end.ts";
import { approvalMessage, planBlocks } from "../../../src/chat/slack/approval-message.ts";
import { incidentMessage } from "../../../src/chat/slack/incident-message.ts";
import { answerModal, rejectModal } from "../../../src/chat/slack/modals.ts";
import { mention, mrkdwn } from "../../../src/chat/slack/text.ts";
import { escalationMessage, timelineMessage } from "../../../src/chat/slack/thread-message.ts";
import { say } from "../../../src/chat/slack/verb.ts";
import type { Approval } from "../../../src/core/approval.ts";
import { approvalOf, entryOf, episodeOf, leaseOf, NOON, runOf, taskOf, viewOf } from "../../support/slack-desk.ts";
import { slackFaults } from "../../support/slack-limits.ts";

const PIECES = [
  "<!channel>",
  "<!here|x>",
  "<@U012ABCDE>",
  "<https://evil.example|click>",
  "https://evil.example",
  "&amp;",
  "&",
  "<",
  ">",
  "`",
  "```",
  "*",
  "_",
  "~",
  "\n",
  "\r\n",
  "\u2028",
  "\u0000",
  "\u001b[31m",
  "\u202e",
  "\u2066",
  "\u2068",
  "שלום",
  "مرحبا",
  "👩‍👩‍👧",
  "😀",
  "\ud83d",
  " xoxb-1234567890-abcdef ",
  "a".repeat(10_000),
  "&".repeat(4_000),
  "<".repeat(4_000),
  "😀".repeat(3_000),
];

/** Text as an attacker, a bug or a language would have it. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 40 })), { maxLength: 8 })
  .map((parts) => parts.join(""));

/** Every message stanch makes of an incident, with this text wherever foreign text can stand. */
function everything(text: string): readonly Record<string, unknown>[] {
  const steps = Array.from({ length: 30 }, () => ({
    ...(approvalOf().steps[0] as Approval["steps"][number]),
    describe: text,
    undo: text,
    targets: [text, text],
    input: { [text]: text },
  }));
  const vote = { by: text, person: text, via: text, at: NOON, decision: "reject" as const, reason: text };
  const approval = approvalOf({
    playbook: text,
    target: text,
    requestedBy: text,
    severity: text,
    steps,
    offersKeep: true,
    why: Array.from({ length: 30 }, () => text),
    votes: [vote, vote],
  });
  const run = runOf({
    playbook: text,
    target: text,
    sentence: text,
    state: { kind: "unknown_outcome", question: text },
  });
  const view = viewOf({
    incident: { title: text, key: text, labels: { service: text, [text]: text }, taken: { by: text, at: NOON } },
    episodes: Array.from({ length: 50 }, () => episodeOf({ alertname: text, [text]: text }, text)),
    runs: Array.from({ length: 10 }, (_, index) => ({ ...run, id: `run-${index}` })),
    leases: Array.from({ length: 10 }, (_, index) => leaseOf({ id: `lease-${index}`, describe: text, step: text })),
    paused: [{ scope: text, by: text, reason: text }],
    tasks: Array.from({ length: 5 }, (_, index) => taskOf({ id: `task-${index}`, ask: text })),
  });
  const about = { mentions: [mention("U012ABCDE") ?? mrkdwn``] };
  const entries = Array.from({ length: 40 }, () => entryOf(text, { by: text }));
  const thread = timelineMessage(entries);
  return [
    incidentMessage(view),
    incidentMessage(viewOf({ ...view, incident: { ...view.incident, status: "resolved", resolvedAt: NOON } })),
    approvalMessage(approval, about),
    approvalMessage({ ...approval, status: "rejected", decidedAt: NOON }, about),
    reminderMessage(approval, about),
    escalationMessage(view, entryOf(text), about),
    ...(thread.message ? [thread.message] : []),
    { ...answerModal("Plan", { text: mrkdwn`x`, blocks: planBlocks(approval) }) },
    { ...rejectModal("apr-7f3a", { user: "U012ABCDE" }) },
    say(text).blocks.length > 0 ? { text: say(text).text.mrkdwn, blocks: say(text).blocks } : {},
  ];
}

describe("messages made of hostile text", () => {
  test("are always what Slack takes, and mention and link nothing", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const message of everything(text)) {
          assert.deepEqual(slackFaults(message), []);
          assert.doesNotMatch(JSON.stringify(message), /xoxb-1234567890/);
        }
      }),
      { numRuns: 60 },
    );
  });

  for (const piece of PIECES) {
    test(`${JSON.stringify(piece.slice(0, 20))} alone`, () => {
      for (const message of everything(piece)) assert.deepEqual(slackFaults(message), []);
    });
  }

  test("a line of the timeline cannot be forged by a line break in an alert", () => {
    const { message } = timelineMessage([entryOf("a\n✅ 12:00:00 approved by anna\u2028b\u0085c")]);
    assert.equal(message?.text.split("\n").length, 1);
  });

  test("10,000 characters of label leave the rest of the message readable", () => {
    const view = viewOf({ incident: { title: "x".repeat(10_000), labels: { service: "y".repeat(10_000) } } });
    const text = JSON.stringify(incidentMessage(view));
    assert.match(text, /Nobody has acknowledged/);
    assert.match(text, /What fires/);
  });
});
