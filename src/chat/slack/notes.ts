import type { Note } from "../../core/desk.ts";
import type { Log } from "../../core/log.ts";
import { type Api, listIn, stringIn } from "./api.ts";
import { unescapeText } from "./command-line.ts";
import { actorOf } from "./people.ts";
import { incidentOf } from "./recognise.ts";
import { reply } from "./reply.ts";
import { incidentOfPurpose } from "./rooms.ts";
import { say, type VerbDeps } from "./verb.ts";

/** `api` reads the messages that notes are made of. */
export type NoteDeps = VerbDeps & { api: Api; log: Log };

/** ⏱, in Slack's words for it. */
const STOPWATCHES: ReadonlySet<string> = new Set(["stopwatch", "timer_clock"]);
/** Kinds of messages that people write; joins, edits and what bots say are none. */
const WRITTEN: ReadonlySet<string | undefined> = new Set([undefined, "thread_broadcast", "file_share"]);

/** Takes what people write in an incident's thread, or in its own channel, into its timeline. */
export function createNotes(deps: NoteDeps): {
  onMessage(event: unknown): Promise<void>;
  onReaction(event: unknown): Promise<void>;
} {
  const incidentOfThread = remembered((channel, ts) => threadIncident(deps.api, channel, ts));
  const incidentOfRoom = remembered((channel) => roomIncident(deps.api, channel));

  return {
    async onMessage(event) {
      const [channel, ts, user] = [stringIn(event, "channel"), stringIn(event, "ts"), stringIn(event, "user")];
      const isWritten = WRITTEN.has(stringIn(event, "subtype")) && stringIn(event, "bot_id") === undefined;
      if (!isWritten || channel === undefined || ts === undefined || user === undefined) return;
      const thread = stringIn(event, "thread_ts");
      const inThread = thread === undefined ? undefined : await incidentOfThread(channel, thread);
      const incident = inThread ?? (await incidentOfRoom(channel, ""));
      if (incident === undefined) return;
      await note(deps, {
        incident,
        user,
        ...noteOf(event, { channel, ts }),
        ...(inThread !== undefined && { origin: "thread" }),
      });
    },

    async onReaction(event) {
      const [channel, ts, user] = [
        stringIn(event, "item", "channel"),
        stringIn(event, "item", "ts"),
        stringIn(event, "user"),
      ];
      if (
        !STOPWATCHES.has(stringIn(event, "reaction") ?? "") ||
        channel === undefined ||
        ts === undefined ||
        user === undefined
      )
        return;
      const message = await messageAt(deps.api, channel, ts);
      if (!message) return deps.log.warn({ channel, ts }, "a message marked with a stopwatch could not be read");
      const thread = stringIn(message, "thread_ts") ?? ts;
      const inThread = incidentOf(message) ?? (await incidentOfThread(channel, thread));
      const incident = inThread ?? (await incidentOfRoom(channel, "")) ?? (await onlyOpen(deps));
      if (incident === undefined) return reply(deps, { channel, user }, say(UNCLEAR));
      const author = stringIn(message, "user") ?? user;
      await note(deps, {
        incident,
        user: author,
        ...noteOf(message, { channel, ts }),
        ...(inThread !== undefined && { origin: "thread" }),
      });
    },
  };
}

const UNCLEAR =
  "Several incidents are open, or none: mark a message in an incident's thread, so that it is clear which one it belongs to.";

type Written = Note & { incident: string; user: string };

async function note(deps: NoteDeps, { incident, user, ...what }: Written): Promise<void> {
  if (!deps.desk.note || what.text === "") return;
  const noted = await deps.desk.note(actorOf(deps.approvals, user), incident, what);
  if (!noted.ok) deps.log.warn({ incident, why: noted.sentence }, "a note from slack was not taken");
}

/** One message is one note, however often Slack delivers it or people mark it. */
function noteOf(message: unknown, { channel, ts }: { channel: string; ts: string }): Note {
  return {
    at: Math.floor(Number(ts) * 1000),
    text: unescapeText(stringIn(message, "text") ?? ""),
    key: `slack:${channel}:${ts}`,
  };
}

async function messageAt(
  api: Api,
  channel: string,
  ts: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const args = { channel, ts, latest: ts, oldest: ts, inclusive: true, limit: 1, include_all_metadata: true };
  const replies = await api.call("conversations.replies", args);
  const found = replies.ok ? listIn(replies.body, "messages").find((message) => message["ts"] === ts) : undefined;
  if (found) return found;
  const history = await api.call("conversations.history", args);
  return history.ok ? listIn(history.body, "messages").find((message) => message["ts"] === ts) : undefined;
}

async function threadIncident(api: Api, channel: string, ts: string): Promise<string | undefined> {
  return incidentOf(await messageAt(api, channel, ts));
}

async function roomIncident(api: Api, channel: string): Promise<string | undefined> {
  const answer = await api.call("conversations.info", { channel });
  return answer.ok ? incidentOfPurpose(stringIn(answer.body, "channel", "purpose", "value")) : undefined;
}

async function onlyOpen({ desk }: VerbDeps): Promise<string | undefined> {
  const { items } = await desk.incidents({ limit: 2, status: "open" });
  return items.length === 1 ? items[0]?.id : undefined;
}

/** Keeps the last 500 answers; an unknown one is asked again. */
function remembered(
  find: (channel: string, ts: string) => Promise<string | undefined>,
): (channel: string, ts: string) => Promise<string | undefined> {
  const known = new Map<string, string>();
  return async (channel, ts) => {
    const key = `${channel}/${ts}`;
    const found = known.get(key) ?? (await find(channel, ts));
    if (found === undefined) return undefined;
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > 500 && oldest !== undefined) known.delete(oldest);
    return found;
  };
}
