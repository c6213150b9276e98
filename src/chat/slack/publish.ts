import type { Approval } from "../../core/approval.ts";
import type { Chat, ChatState } from "../../core/chat.ts";
import { digestOf } from "../../core/hash.ts";
import { approvalMessage, reminderMessage } from "./approval-message.ts";
import { routeOf } from "./channels.ts";
import { messageLink } from "./identity.ts";
import { incidentMessage } from "./incident-message.ts";
import type { Message } from "./message.ts";
import { calledBy, groupMentions } from "./people.ts";
import { type Found, recognise } from "./recognise.ts";
import { edit, outageStop, type PublishDeps, post, type Session, type Stop, stopped } from "./session.ts";
import type { Mrkdwn } from "./text.ts";
import { escalationMessage, timelineMessage } from "./thread-message.ts";

/**
 * Publishing to Slack: the incident's message first (the thread hangs on it), then who is called, then approvals, then edits,
 * then the timeline. It never waits for a turn: where pacing, a 429 or an outage says so, it returns when to come again.
 */
export function createPublish(deps: PublishDeps): Chat["publish"] {
  const busy = new Set<string>();
  return async (view, entries, state, save) => {
    const { id } = view.incident;
    if (busy.has(id)) return { ok: false, retryAfter: 500, why: `${id} is being published just now` };
    busy.add(id);
    try {
      const session = await open(deps, { view, entries, state, save });
      if ("ok" in session) return { ok: false, retryAfter: session.retryAfter, why: session.why };
      return await run(deps, session);
    } finally {
      busy.delete(id);
    }
  };
}

const STAGES = [ensureMessage, announceEscalations, publishApprovals, refreshMessage, postTimeline] as const;

async function run(deps: PublishDeps, session: Session): ReturnType<Chat["publish"]> {
  let stop: Stop | undefined;
  for (const stage of STAGES) {
    stop = await stage(deps, session);
    if (stop) break;
  }
  if (session.marked) await close(deps, session, stop?.uncertain === true);
  return stop ? { ok: false, retryAfter: stop.retryAfter, why: stop.why } : { ok: true };
}

/** Takes the mark of an unfinished post off, or leaves it for the next publisher, who then reads what arrived. */
async function close(deps: PublishDeps, session: Session, uncertain: boolean): Promise<void> {
  const { posting: _, ...rest } = session.state;
  const left = { by: deps.publisher, until: deps.now() };
  session.state = uncertain ? { ...rest, posting: left } : rest;
  await session.save(session.state);
}

type Call = Pick<Session, "view" | "entries" | "state" | "save">;

/** Finds the channel, and after an unfinished post what Slack holds of the incident. */
async function open(deps: PublishDeps, call: Call): Promise<Session | Stop> {
  const { state, view } = call;
  const outage = outageStop(deps);
  if (outage) return outage;
  const { posting } = state;
  if (posting && posting.by !== deps.publisher && posting.until > deps.now()) {
    return {
      ok: false,
      retryAfter: posting.until - deps.now(),
      why: `${posting.by} is publishing it`,
      uncertain: false,
    };
  }
  const channel =
    state.channel === undefined
      ? await deps.channels.idOf(routeOf(deps.slack, view))
      : { ok: true as const, id: state.channel };
  if (!channel.ok) return stopped(deps, "conversations.list", channel);
  const session: Session = {
    ...call,
    first: state.delivered,
    channel: channel.id,
    identity: await deps.identity(),
    marked: false,
  };
  if (!posting) return session;
  const { userId } = session.identity;
  const seen = await recognise(deps.api, {
    channel: channel.id,
    incidentId: view.incident.id,
    since: posting.until,
    ...(state.message !== undefined && { message: state.message }),
    ...(userId !== undefined && { author: userId }),
  });
  if (!seen.ok) return stopped(deps, "conversations.history", seen);
  session.state = withFound(state, channel.id, seen.found);
  session.marked = true;
  return session;
}

function withFound(state: ChatState, channel: string, found: Found): ChatState {
  const approvals = { ...state.approvals };
  for (const [id, message] of found.approvals) approvals[id] ??= { message, shown: "" };
  for (const id of found.reminded) {
    const known = approvals[id];
    if (known) approvals[id] = { ...known, reminded: true };
  }
  return {
    ...state,
    channel,
    approvals,
    delivered: Math.max(state.delivered, found.through + 1),
    announced: Math.max(state.announced ?? 0, found.announced + 1),
    ...(found.message !== undefined && { message: found.message }),
  };
}

async function ensureMessage(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  if (session.state.message !== undefined) return undefined;
  const { id } = session.view.incident;
  const message = incidentMessage(session.view);
  const mark = { event_type: "stanch_incident", event_payload: { incidentId: id } } as const;
  return post(deps, session, { message, mark, urgent: true }, (state, ts) => ({
    ...state,
    channel: session.channel,
    message: ts,
    shown: digest(message),
  }));
}

async function refreshMessage(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const message = incidentMessage(session.view);
  const shown = digest(message);
  const ts = session.state.message;
  if (ts === undefined || session.state.shown === shown) return undefined;
  const result = await edit(deps, session, { ts, message, urgent: session.view.incident.status === "resolved" });
  if (result === "gone") {
    const { message: _, ...rest } = session.state;
    session.state = rest;
    return (await ensureMessage(deps, session)) ?? undefined;
  }
  if (result) return result;
  session.state = { ...session.state, shown };
  await session.save(session.state);
  return undefined;
}

async function announceEscalations(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  if (session.view.incident.status === "resolved") return undefined;
  for (const [index, entry] of session.entries.entries()) {
    const seq = session.first + index;
    if (entry.notify === undefined || entry.notify.length === 0 || seq < (session.state.announced ?? 0)) continue;
    const mentions = await calledBy(deps, entry.notify);
    const message = escalationMessage(session.view, entry, { mentions, ...linkOf(session) });
    const mark = {
      event_type: "stanch_escalation",
      event_payload: { incidentId: session.view.incident.id, seq },
    } as const;
    const stop = await post(deps, session, { message, mark, urgent: true }, (state) => ({
      ...state,
      announced: seq + 1,
    }));
    if (stop) return stop;
  }
  return undefined;
}

async function publishApprovals(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  for (const approval of session.view.approvals) {
    const stop = await publishApproval(deps, session, approval);
    if (stop) return stop;
  }
  return undefined;
}

async function publishApproval(deps: PublishDeps, session: Session, approval: Approval): Promise<Stop | undefined> {
  const about = { mentions: groupMentions(deps.approvals, approval.policy.group), ...linkOf(session) };
  const message = approvalMessage(approval, about);
  const shown = digest(message);
  const known = session.state.approvals[approval.id];
  const payload = { incidentId: session.view.incident.id, approvalId: approval.id };
  if (!known) {
    if (approval.status !== "pending" || approval.expiresAt <= deps.now()) return undefined;
    const mark = { event_type: "stanch_approval", event_payload: payload } as const;
    return post(deps, session, { message, mark, urgent: true }, (state, ts) =>
      withApproval(state, approval.id, { message: ts, shown }),
    );
  }
  if (known.shown !== shown) {
    const result = await edit(deps, session, { ts: known.message, message, urgent: true });
    if (result !== undefined && result !== "gone") return result;
    session.state = withApproval(session.state, approval.id, { ...known, shown });
    await session.save(session.state);
  }
  if (approval.status !== "pending" || approval.remindedAt === undefined || known.reminded) return undefined;
  const mark = { event_type: "stanch_reminder", event_payload: payload } as const;
  const reminder = { message: reminderMessage(approval, about), mark, urgent: true, thread: known.message };
  return post(deps, session, reminder, (state) =>
    withApproval(state, approval.id, { ...known, shown, reminded: true }),
  );
}

async function postTimeline(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const thread = session.state.message;
  if (thread === undefined) return undefined;
  while (true) {
    const seq = session.state.delivered;
    const left = session.entries.slice(seq - session.first);
    if (left.length === 0) return undefined;
    const { message, taken } = timelineMessage(left);
    if (!message) return passOver(session, taken);
    const payload = { incidentId: session.view.incident.id, seq, through: seq + taken - 1 };
    const mark = { event_type: "stanch_timeline", event_payload: payload } as const;
    const stop = await post(deps, session, { message, mark, thread, urgent: false }, (state) => ({
      ...state,
      delivered: seq + taken,
    }));
    if (stop) return stop;
  }
}

async function passOver(session: Session, taken: number): Promise<undefined> {
  session.state = { ...session.state, delivered: session.state.delivered + taken };
  await session.save(session.state);
}

function withApproval(state: ChatState, id: string, shown: ChatState["approvals"][string]): ChatState {
  return { ...state, approvals: { ...state.approvals, [id]: shown } };
}

function linkOf({ state, identity, channel, view }: Session): { incidentLink?: Mrkdwn } {
  if (state.message === undefined) return {};
  const incidentLink = messageLink(identity, { channel, ts: state.message }, view.incident.id);
  return incidentLink ? { incidentLink } : {};
}

function digest(message: Message): string {
  return digestOf(JSON.stringify(message));
}
