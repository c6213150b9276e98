import type { Approval } from "../../core/approval.ts";
import type { ApprovalContext } from "./approval-message.ts";
import { section } from "./blocks.ts";
import { type Message, messageOf } from "./message.ts";
import { foreign, join, type Mrkdwn, mrkdwn, when } from "./text.ts";

/** Until when there is time to decide, and what comes then where that is not the end of it. */
export function untilWhen({ policy, expiresAt, vetoEndsAt }: Approval): Mrkdwn {
  if (policy.veto === undefined) return mrkdwn`until ${when(expiresAt, "date")}`;
  return vetoEndsAt === undefined
    ? mrkdwn`runs unless someone objects`
    : mrkdwn`runs ${when(vetoEndsAt, "second")} unless someone objects`;
}

/** The nudge in the approval's thread: at half time, or because the incident has become worse. */
export function reminderMessage(
  approval: Approval,
  { mentions, severity }: ApprovalContext & { severity?: string },
): Message {
  const calls = mentions.length === 0 ? undefined : join(mentions, " ");
  const isVeto = approval.policy.veto !== undefined;
  const waits = isVeto ? "an objection to" : "a decision on";
  const why =
    severity === undefined
      ? mrkdwn`⏰ still waiting for ${waits}`
      : mrkdwn`📈 it is ${severity} now, and waits for ${waits}`;
  const end = isVeto ? untilWhen(approval) : mrkdwn`it expires ${when(approval.expiresAt, "date")}`;
  const line = mrkdwn`${why} *${foreign(approval.playbook, 120)}*; ${end}`;
  const text = join([calls, line], " ");
  return messageOf(text, [section(text)]);
}
