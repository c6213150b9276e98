import type { Approval } from "../../core/approval.ts";
import type { ChatState } from "../../core/chat.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import { reminderMessage } from "./approval-end.ts";
import { type ApprovalContext, approvalMessage } from "./approval-message.ts";
import { messageLink } from "./identity.ts";
import { digestOfMessage } from "./incident-posts.ts";
import type { Message } from "./message.ts";
import { calledBy, groupMentions } from "./people.ts";
import { recognise } from "./recognise.ts";
import { edit, type Post, type PublishDeps, post, type Session, type Stop, stopped, storeTime } from "./session.ts";
import type { Mrkdwn } from "./text.ts";
import { escalationMessage } from "./thread-message.ts";

/** Announces each escalation once, ahead of the timeline; what was said before the incident was over calls nobody any more. */
export async function announceEscalations(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const { status, resolvedAt = 0 } = session.view.incident;
  for (const [index, entry] of session.entries.entries()) {
    const seq = session.first + index;
    if (seq < (session.state.announced ?? 0) || (status === "resolved" && entry.at <= resolvedAt)) continue;
    const mentions = await whomToCall(deps, entry);
    if (!mentions) continue;
    const stop = await announceEverywhere(deps, session, { entry, seq, mentions });
    if (stop) return stop;
  }
  return undefined;
}

type Announcement = { entry: TimelineEntry; seq: number; mentions: readonly Mrkdwn[] };

/** First in the channels that `slack:#CHANNEL` names, then in the incident's own, which completes it. */
async function announceEverywhere(
  deps: PublishDeps,
  session: Session,
  { entry, seq, mentions }: Announcement,
): Promise<Stop | undefined> {
  const { id } = session.view.incident;
  const message = escalationMessage(session.view, entry, { mentions, ...linkOf(session) });
  const mark = { event_type: "stanch_escalation", event_payload: { incidentId: id, seq } } as const;
  for (const name of channelsCalled(entry)) {
    const stop = await announceIn(deps, session, { name, seq, message: { message, mark, urgent: true } });
    if (stop) return stop;
  }
  return post(deps, session, { message, mark, urgent: true }, ({ elsewhere: _, ...state }) => ({
    ...state,
    announced: seq + 1,
  }));
}

const CLOSED: ReadonlySet<string> = new Set([
  "is_archived",
  "channel_not_found",
  "not_in_channel",
  "restricted_action",
]);

/** A channel that the app cannot post to does not keep the others waiting; after an unfinished post it is read first. */
async function announceIn(
  deps: PublishDeps,
  session: Session,
  { name, seq, message }: { name: string; seq: number; message: Post },
): Promise<Stop | undefined> {
  const { incident } = session.view;
  const channel = await deps.channels.idOf(name);
  if (!channel.ok && channel.kind !== "refused") return stopped(deps, "conversations.list", channel);
  if (!channel.ok) return void deps.log.warn({ incident: incident.id, why: channel.why }, "nobody is called there");
  const { elsewhere } = session.state;
  if (channel.id === session.channel || (elsewhere?.seq === seq && elsewhere.channels.includes(channel.id)))
    return undefined;
  const record = (state: ChatState): ChatState => {
    const known = state.elsewhere?.seq === seq ? state.elsewhere.channels : [];
    return { ...state, elsewhere: { seq, channels: [...known, channel.id] } };
  };
  if (session.since !== undefined) {
    const search = { channel: channel.id, incidentId: incident.id, since: session.since };
    const seen = await recognise(deps.api, search);
    if (!seen.ok && seen.kind !== "refused") return stopped(deps, channel.id, seen);
    if (seen.ok && seen.found.announced >= seq) {
      session.state = record(session.state);
      return undefined;
    }
  }
  const stop = await post(deps, session, { ...message, channel: channel.id }, record);
  if (stop?.code === undefined || !CLOSED.has(stop.code)) return stop;
  deps.log.warn({ incident: incident.id, channel: name, why: stop.why }, "slack takes no call there");
  return undefined;
}

/** The channels that an entry calls besides the incident's own. */
function channelsCalled({ notify = [] }: TimelineEntry): readonly string[] {
  return notify.filter((target) => target.startsWith("slack:#")).map((target) => target.slice("slack:".length));
}

/**
 * Whom an entry calls, or undefined when it calls nobody here. A need for a person that names nobody calls the default approval
 * group, unless escalation levels are configured: those call by themselves.
 */
async function whomToCall(deps: PublishDeps, { kind, notify }: TimelineEntry): Promise<readonly Mrkdwn[] | undefined> {
  if (notify?.some((target) => target.startsWith("slack:"))) return calledBy(deps, notify);
  const isUnnamed = kind === "escalation" && notify === undefined && (deps.escalation ?? []).length === 0;
  return isUnnamed ? groupMentions(deps.approvals, deps.approvals.default.group) : undefined;
}

/** Posts, edits and locks the messages of the incident's approvals. */
export async function publishApprovals(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  for (const approval of session.view.approvals) {
    const stop = await publishApproval(deps, session, approval);
    if (stop) return stop;
  }
  return undefined;
}

async function publishApproval(deps: PublishDeps, session: Session, approval: Approval): Promise<Stop | undefined> {
  const mentions = groupMentions(deps.approvals, approval.policy.group);
  const about = { mentions, ...linkOf(session), incidentTitle: session.view.incident.title };
  const message = approvalMessage(approval, about);
  const shown = digestOfMessage(message);
  const known = session.state.approvals[approval.id];
  if (!known) return announce(deps, session, { approval, message });
  if (known.shown !== shown) {
    const result = await edit(deps, session, { ts: known.message, message, urgent: true });
    // Somebody has deleted it: what still waits for people is asked again.
    if (result === "gone" && approval.status === "pending") return announce(deps, session, { approval, message });
    if (result !== undefined && result !== "gone") return result;
    session.state = withApproval(session.state, approval.id, { ...known, shown });
    await session.save(session.state);
  }
  return approval.status === "pending" ? nudge(deps, session, { approval, about, message }) : undefined;
}

/** Asks for the first time; what is expired or decided by now is not asked any more. */
async function announce(
  deps: PublishDeps,
  session: Session,
  { approval, message, nudges = [] }: { approval: Approval; message: Message; nudges?: readonly string[] },
): Promise<Stop | undefined> {
  if (approval.status !== "pending" || approval.expiresAt <= storeTime(deps, session)) return undefined;
  const { id, severity } = session.view.incident;
  const event_payload = { incidentId: id, approvalId: approval.id, nudge: severity };
  const mark = { event_type: "stanch_approval", event_payload } as const;
  const record = (state: ChatState, ts: string) =>
    withApproval(state, approval.id, { message: ts, shown: digestOfMessage(message), nudges: [severity, ...nudges] });
  return post(deps, session, { message, mark, urgent: true }, record);
}

/** Says once in the approval's thread that half the time is over, and once per severity that it has become worse. */
async function nudge(
  deps: PublishDeps,
  session: Session,
  { approval, about, message: asked }: { approval: Approval; about: ApprovalContext; message: Message },
): Promise<Stop | undefined> {
  const { id, severity } = session.view.incident;
  for (const reason of [severity, ...(approval.remindedAt === undefined ? [] : ["half-time"])]) {
    const known = session.state.approvals[approval.id];
    if (!known || known.nudges?.includes(reason)) continue;
    // In the thread of a message that somebody has deleted nobody would read it: what still waits is asked again instead.
    const alive = await edit(deps, session, { ts: known.message, message: asked, urgent: true });
    if (alive === "gone") return announce(deps, session, { approval, message: asked, nudges: [reason] });
    if (alive) return alive;
    const event_payload = { incidentId: id, approvalId: approval.id, nudge: reason };
    const mark = { event_type: "stanch_reminder", event_payload } as const;
    const message = reminderMessage(approval, { ...about, ...(reason === severity && { severity }) });
    const nudges = [...(known.nudges ?? []), reason];
    const record = (state: ChatState) => withApproval(state, approval.id, { ...known, nudges });
    const stop = await post(deps, session, { message, mark, urgent: true, thread: known.message }, record);
    if (stop) return stop;
  }
  return undefined;
}

function withApproval(state: ChatState, id: string, shown: ChatState["approvals"][string]): ChatState {
  return { ...state, approvals: { ...state.approvals, [id]: shown } };
}

function linkOf({ state, identity, channel, view }: Session): { incidentLink?: Mrkdwn } {
  if (state.message === undefined) return {};
  const incidentLink = messageLink(identity, { channel, ts: state.message }, view.incident.id);
  return incidentLink ? { incidentLink } : {};
}
