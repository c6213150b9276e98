import type { Chat, ChatState } from "../../core/chat.ts";
import type { Milliseconds } from "../../core/time.ts";
import { announceEscalations, publishApprovals } from "./calls.ts";
import { routeOf } from "./channels.ts";
import { ensureMessage, refreshMessage } from "./incident-posts.ts";
import { type Found, recognise } from "./recognise.ts";
import { ensureRoom, refreshTopic } from "./rooms.ts";
import { outageStop, type PublishDeps, type Session, type Stop, stopped, storeTime } from "./session.ts";
import { postInRoom, postInThread, withDelivered } from "./timeline-posts.ts";

/**
 * Publishing to Slack: the incident's message first (the thread hangs on it), then who is called, then approvals, then edits,
 * then the timeline. It never waits for a turn: where pacing, a 429 or an outage says so, it returns when to come again.
 */
export function createPublish(deps: PublishDeps): Chat["publish"] {
  const busy = new Set<string>();
  const complain = createComplaints(deps);
  return async (view, entries, state, save) => {
    const { id } = view.incident;
    if (busy.has(id)) return { ok: false, retryAfter: 500, why: `${id} is being published just now` };
    busy.add(id);
    try {
      const session = await open(deps, { view, entries, state, save });
      const stop = "ok" in session ? session : await run(deps, session);
      if (!stop) return { ok: true };
      complain(id, stop);
      return { ok: false, retryAfter: stop.retryAfter, why: stop.why };
    } finally {
      busy.delete(id);
    }
  };
}

const COMPLAIN_EVERY: Milliseconds = 60_000;

/** What Slack refuses, or why it is not reached, is a line in the log; the same is not said for each incident and attempt. */
function createComplaints({ log, now }: Pick<PublishDeps, "log" | "now">): (incident: string, stop: Stop) => void {
  let last = { why: "", at: Number.NEGATIVE_INFINITY };
  return (incident, { why, code }) => {
    if (code === undefined || (why === last.why && now() - last.at < COMPLAIN_EVERY)) return;
    last = { why, at: now() };
    log.warn({ incident, why }, "slack does not show an incident as it is; it is tried again");
  };
}

const STAGES = [
  ensureMessage,
  announceEscalations,
  publishApprovals,
  refreshMessage,
  ensureRoom,
  postInThread,
  postInRoom,
  refreshTopic,
] as const;

async function run(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  let stop: Stop | undefined;
  for (const stage of STAGES) {
    stop = await stage(deps, session);
    if (stop) break;
  }
  if (session.marked) await close(deps, session, stop?.uncertain === true);
  return stop;
}

/** Takes the mark of an unfinished post off, or leaves it for the next publisher, who then reads what arrived. */
async function close(deps: PublishDeps, session: Session, uncertain: boolean): Promise<void> {
  const { posting: _, ...rest } = session.state;
  const left = { by: deps.publisher, until: storeTime(deps, session) };
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
  const openedAt = deps.now();
  const left = (posting?.until ?? 0) - storeTime(deps, { view, openedAt });
  if (posting && posting.by !== deps.publisher && left > 0)
    return { ok: false, retryAfter: left, why: `${posting.by} is publishing it`, uncertain: false };
  const named = state.channel ?? routeOf(deps.slack, view).channel;
  const channel = await deps.channels.idOf(named);
  if (!channel.ok) return stopped(deps, "conversations.list", channel);
  const identity = await deps.identity();
  const session: Session = { ...call, first: state.delivered, channel: channel.id, identity, openedAt, marked: false };
  return posting ? await recall(deps, session, posting.until) : session;
}

/** Brings the session to what Slack holds: of the channel and its threads, and of the incident's own channel. */
async function recall(deps: PublishDeps, session: Session, since: number): Promise<Session | Stop> {
  const { state, channel, identity, view } = session;
  const author = identity.userId === undefined ? {} : { author: identity.userId };
  const message = state.message === undefined ? {} : { message: state.message };
  const common = { incidentId: view.incident.id, since, ...author };
  const seen = await recognise(deps.api, { ...common, channel, ...message });
  if (!seen.ok) return stopped(deps, "conversations.history", seen);
  session.state = withFound(state, channel, seen.found);
  if (state.room) {
    const inRoom = await recognise(deps.api, { ...common, channel: state.room.channel });
    if (!inRoom.ok && inRoom.kind !== "refused") return stopped(deps, "conversations.history", inRoom);
    if (inRoom.ok) session.state = withDelivered(session.state, { room: inRoom.found.inRoom + 1 });
  }
  session.marked = true;
  session.since = since;
  return session;
}

function withFound(state: ChatState, channel: string, found: Found): ChatState {
  const approvals = { ...state.approvals };
  for (const [id, message] of found.approvals) {
    const known = approvals[id] ?? { message, shown: "" };
    approvals[id] = { ...known, nudges: [...new Set([...(known.nudges ?? []), ...(found.nudges.get(id) ?? [])])] };
  }
  const next: ChatState = {
    ...state,
    channel,
    approvals,
    announced: Math.max(state.announced ?? 0, found.announced + 1),
    ...(found.message !== undefined && { message: found.message }),
  };
  return withDelivered(next, { thread: found.through + 1 });
}
