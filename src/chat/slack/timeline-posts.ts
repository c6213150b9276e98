import type { ChatState } from "../../core/chat.ts";
import { type PublishDeps, post, type Session, type Stop } from "./session.ts";
import { timelineMessage } from "./thread-message.ts";

/** The timeline into the thread of the incident's message, in order, as many messages as there is a turn for. */
export async function postInThread(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const thread = session.state.message;
  if (thread === undefined) return undefined;
  return catchUp(deps, session, { place: "thread", type: "stanch_timeline", thread });
}

/** The same into the incident's own channel, where it has one. */
export async function postInRoom(deps: PublishDeps, session: Session): Promise<Stop | undefined> {
  const { room } = session.state;
  if (!room) return undefined;
  const stop = await catchUp(deps, session, { place: "room", type: "stanch_room", channel: room.channel });
  if (stop?.code === undefined || !GONE.has(stop.code)) return stop;
  const { room: _, ...rest } = session.state;
  session.state = withDelivered(rest, {});
  await session.save(session.state);
  return undefined;
}

/** Somebody has closed the channel or thrown the app out: the thread alone goes on. */
const GONE: ReadonlySet<string> = new Set(["is_archived", "channel_not_found", "not_in_channel"]);

type Course =
  | { place: "thread"; type: "stanch_timeline"; thread: string }
  | { place: "room"; type: "stanch_room"; channel: string };

async function catchUp(deps: PublishDeps, session: Session, course: Course): Promise<Stop | undefined> {
  while (true) {
    const seq = countOf(session.state, course.place);
    const left = session.entries.slice(seq - session.first);
    if (left.length === 0) return undefined;
    const { message, taken } = timelineMessage(left);
    const reached = { [course.place]: seq + taken };
    if (!message) {
      session.state = withDelivered(session.state, reached);
      await session.save(session.state);
      return undefined;
    }
    const payload = { incidentId: session.view.incident.id, seq, through: seq + taken - 1 };
    const what = { message, mark: { event_type: course.type, event_payload: payload }, urgent: false };
    const where = course.place === "thread" ? { thread: course.thread } : { channel: course.channel };
    const stop = await post(deps, session, { ...what, ...where }, (state) => withDelivered(state, reached));
    if (stop) return stop;
  }
}

function countOf(state: ChatState, place: "thread" | "room"): number {
  return place === "room" ? (state.room?.delivered ?? 0) : (state.thread ?? state.delivered);
}

/** Counts what the thread and the room have; `delivered` is what both have, since the next entries are read from there. */
export function withDelivered(state: ChatState, reached: { thread?: number; room?: number }): ChatState {
  const { thread: _, ...rest } = state;
  const thread = Math.max(countOf(state, "thread"), reached.thread ?? 0);
  if (!state.room) return { ...rest, delivered: thread };
  const room = { ...state.room, delivered: Math.max(state.room.delivered, reached.room ?? 0) };
  const delivered = Math.min(thread, room.delivered);
  return { ...rest, room, delivered, ...(thread > delivered && { thread }) };
}
