import type { Effect } from "../../core/action.ts";
import type { Approval, PlannedStep, Vote } from "../../core/approval.ts";
import { lasting, plain } from "../words.ts";
import { actions, type Block, context, fitted, header, LIMITS, section } from "./blocks.ts";
import { button } from "./buttons.ts";
import { type Message, messageOf } from "./message.ts";
import { person } from "./said.ts";
import { code, cut, foreign, join, type Mrkdwn, mrkdwn, preformatted, runbookLink, when } from "./text.ts";

const EFFECTS: Readonly<Record<Effect, string>> = {
  read: "only reads",
  reversible: "🟢 reversible",
  disruptive: "🟠 disruptive",
  destructive: "🔴 destructive",
};

const OUTCOMES = {
  approved: "✅ Approved",
  rejected: "⛔ Rejected",
  expired: "⌛ Expired, nothing was run",
  withdrawn: "↩️ Withdrawn",
} as const;

const SHOWN_STEPS = 12;

/** What the message of an approval needs besides it: whom it calls, and where its incident's message is. */
export type ApprovalContext = { mentions: readonly Mrkdwn[]; incidentLink?: Mrkdwn; incidentTitle?: string };

/** The message of one approval: open with buttons, or locked with who decided, when and from where. */
export function approvalMessage(approval: Approval, about: ApprovalContext): Message {
  return approval.status === "pending" ? pending(approval, about) : locked(approval, approval.status, about);
}

function pending(approval: Approval, about: ApprovalContext): Message {
  const { mentions } = about;
  const { severity, playbook, policy } = approval;
  const asks = policy.veto === undefined ? "Approval needed" : "Runs unless someone objects";
  const calls = mentions.length === 0 ? undefined : join(mentions, " ");
  const who = mrkdwn`${person(approval.requestedBy)} wants to run`;
  const intro = mrkdwn`${who} *${foreign(playbook, 120)}* on ${code(approval.target, 200)}${forIncident(approval, about)}. This will be done:`;
  const text = mrkdwn`🗳️ ${asks}: ${playbook} on ${approval.target} (${severity}, ${approval.id})`;
  const message = messageOf(
    text,
    fitted([
      header(`🗳️ ${asks} · ${severity} · ${playbook}`),
      section(join([calls, intro], " ")),
      ...steps(approval.steps),
      whyBlock(approval.why),
      votesBlock(approval),
      context(
        policyLine(approval),
        mrkdwn`${approval.id} · plan ${approval.digest.slice(0, 12)}${runbookOf(approval)}`,
      ),
      controls(approval),
    ]),
  );
  const alone = join([join([calls, text], " "), typed(approval), ...stepLines(approval)]);
  return { ...message, alone: cut(alone, LIMITS.section).mrkdwn };
}

function stepLines({ steps: planned }: Approval): readonly Mrkdwn[] {
  return planned.slice(0, SHOWN_STEPS).map((step) => mrkdwn`• ${foreign(step.describe, 300)}`);
}

/** What decides it without a button. */
function typed({ id, policy }: Approval): Mrkdwn {
  const no = mrkdwn`\`/stanch reject ${id}\``;
  return policy.veto === undefined ? mrkdwn`\`/stanch approve ${id}\` or ${no}` : no;
}

function locked(approval: Approval, status: keyof typeof OUTCOMES, about: ApprovalContext): Message {
  const what = mrkdwn`*${foreign(approval.playbook, 120)}* on ${code(approval.target, 200)}${forIncident(approval, about)}`;
  const at =
    approval.decidedAt === undefined ? undefined : mrkdwn`${OUTCOMES[status]} ${when(approval.decidedAt, "date")}`;
  const text = mrkdwn`${OUTCOMES[status]}: ${approval.playbook} on ${approval.target} (${approval.id})`;
  return messageOf(
    text,
    fitted([
      header(`${OUTCOMES[status]} · ${approval.severity} · ${approval.playbook}`),
      section(join([what, ...stepLines(approval)])),
      section(join([at, ...approval.votes.slice(-10).map(voteLine)])),
      context(mrkdwn`${approval.id} · closed`),
    ]),
  );
}

function runbookOf({ runbook }: Approval): Mrkdwn {
  return runbookLink(runbook, mrkdwn` · 📖 `);
}

function forIncident({ incidentId }: Approval, { incidentLink, incidentTitle }: ApprovalContext): Mrkdwn {
  if (incidentId === undefined) return mrkdwn``;
  const title = incidentTitle === undefined ? mrkdwn`` : mrkdwn` (${foreign(incidentTitle, 150)})`;
  return mrkdwn` for ${incidentLink ?? foreign(incidentId)}${title}`;
}

function steps(planned: readonly PlannedStep[]): Block[] {
  const shown = planned.slice(0, SHOWN_STEPS).map((step, index) => section(stepText(step, index + 1)));
  const more = planned.length - shown.length;
  return more > 0 ? [...shown, context(mrkdwn`… and ${more} more steps: _Show plan_ has them`)] : shown;
}

function stepText(step: PlannedStep, number: number): Mrkdwn {
  const targets =
    step.targets.length === 0
      ? mrkdwn`–`
      : join(
          step.targets.slice(0, 5).map((target) => code(target, 150)),
          ", ",
        );
  const later = step.input === "pending" ? mrkdwn`\n_its input is not known yet; it asks again then_` : undefined;
  return join([
    mrkdwn`*${number}. ${foreign(step.describe, 600)}*`,
    mrkdwn`${EFFECTS[step.effect]} · target ${targets} · ${step.undo === undefined ? "*cannot be undone*" : `undo: ${step.undo}`}${later}`,
  ]);
}

function whyBlock(why: readonly string[]): Block | undefined {
  if (why.length === 0) return undefined;
  return section(join([mrkdwn`*Why*`, ...why.slice(0, 15).map((reason) => mrkdwn`• ${foreign(reason, 180)}`)]));
}

function votesBlock(approval: Approval): Block | undefined {
  if (approval.votes.length === 0) return undefined;
  const yes = approval.votes.filter((vote) => vote.decision === "approve").length;
  return section(join([mrkdwn`*${yes} of ${approval.policy.required}*`, ...approval.votes.slice(-10).map(voteLine)]));
}

function voteLine(vote: Vote): Mrkdwn {
  if (vote.person === "") return mrkdwn`${vote.by} ${when(vote.at, "date")}`;
  const approved = vote.keep ? "approved to be kept" : "approved";
  const did = vote.decision === "approve" ? approved : "rejected";
  const reason = vote.reason === undefined ? mrkdwn`` : mrkdwn`: ${vote.reason}`;
  return mrkdwn`${did} by *${person(vote.person)}* from ${PLACES[vote.via] ?? vote.via} ${when(vote.at, "date")}${reason}`;
}

const PLACES: Readonly<Record<string, string>> = { slack: "Slack", api: "the API", cli: "the command line" };

function policyLine(approval: Approval): Mrkdwn {
  const { policy, expiresAt, vetoEndsAt } = approval;
  if (policy.veto !== undefined) {
    const then =
      vetoEndsAt === undefined ? mrkdwn`${lasting(policy.veto)} after this message` : when(vetoEndsAt, "second");
    return mrkdwn`Group ${code(policy.group, 100)} may object; without an objection it runs ${then}`;
  }
  const people = policy.required === 1 ? "1 person" : `${policy.required} people`;
  const own = policy.requesterMayApprove ? "" : ", not who asked for it";
  const then = policy.onExpiry === "escalate" ? "people are called" : "it is denied";
  return mrkdwn`${people} of ${code(policy.group, 100)}${own} · until ${when(expiresAt, "date")}, then ${then}; it never runs by itself`;
}

function controls(approval: Approval): Block | undefined {
  const { id, policy, offersKeep } = approval;
  const destructive = approval.steps.filter((step) => step.effect === "destructive").length;
  const warning = destructive > 0 ? `${destructive} of the steps cannot be made good again.` : "";
  const confirm = warning === "" ? {} : { confirm: warning };
  const kept = ["It gets no lease: nothing undoes it after this run.", warning].join(" ").trim();
  return actions([
    policy.veto === undefined
      ? button({ text: "Approve", command: `approve ${id}`, style: "primary", ...confirm })
      : undefined,
    offersKeep
      ? button({ text: "Approve and keep it", command: `approve ${id} keep`, id: "keep", confirm: kept })
      : undefined,
    button({ text: policy.veto === undefined ? "Reject" : "Object", command: `reject ${id}`, style: "danger" }),
    button({ text: "Show plan", command: `plan ${id}` }),
  ]);
}

/** The plan with its rendered inputs, for a modal or a private answer. */
export function planBlocks(approval: Approval): Block[] {
  const detail = approval.steps.map((step, index) =>
    section(
      join([
        mrkdwn`*${index + 1}. ${foreign(step.describe, 400)}*`,
        mrkdwn`${code(step.uses, 100)} · ${EFFECTS[step.effect]}`,
        inputText(step),
      ]),
    ),
  );
  return fitted([
    section(mrkdwn`*${foreign(approval.playbook, 120)}* on ${code(approval.target, 200)}`),
    ...detail,
    whyBlock(approval.why),
  ]);
}

function inputText({ input }: PlannedStep): Mrkdwn {
  if (input === "pending") return mrkdwn`_input not known yet_`;
  const lines = Object.entries(input).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? plain(value, 300) : JSON.stringify(value)}`,
  );
  return lines.length === 0 ? mrkdwn`_no input_` : preformatted(lines, 1500);
}
