import type { Note } from "../../core/desk.ts";
import type { Log } from "../../core/log.ts";
import { type Api, stringIn } from "./api.ts";
import { unescapeText } from "./command-line.ts";
import { createPlaces, type Place, placeOf } from "./note-place.ts";
import { actorOf } from "./people.ts";
import { reply } from "./reply.ts";
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
  const places = createPlaces(deps);
  return {
    async onMessage(event) {
      const [channel, ts, user] = [stringIn(event, "channel"), stringIn(event, "ts"), stringIn(event, "user")];
      const isWritten = WRITTEN.has(stringIn(event, "subtype")) && stringIn(event, "bot_id") === undefined;
      if (!isWritten || channel === undefined || ts === undefined || user === undefined) return;
      const place = await places.of(spotOf(channel, stringIn(event, "thread_ts")));
      if (place) await note(deps, place, { user, ...noteOf(event, { channel, ts }) });
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
      const message = await places.messageAt(channel, ts);
      if (!message) return deps.log.warn({ channel, ts }, "a message marked with a stopwatch could not be read");
      const thread = stringIn(message, "thread_ts") ?? ts;
      const place = placeOf(message) ?? (await places.of(spotOf(channel, thread))) ?? (await onlyOpen(deps));
      if (!place) return reply(deps, { channel, user }, say(UNCLEAR));
      const author = stringIn(message, "user") ?? user;
      await note(deps, place, { user: author, ...noteOf(message, { channel, ts }) });
    },
  };
}

function spotOf(channel: string, thread: string | undefined): { channel: string; thread?: string } {
  return thread === undefined ? { channel } : { channel, thread };
}

const UNCLEAR =
  "Several incidents are open, or none: mark a message in an incident's thread, so that it is clear which one it belongs to.";

/** What stands in the incident's thread already is not repeated there. */
async function note(
  deps: NoteDeps,
  { incident, inThread }: Place,
  { user, ...what }: Note & { user: string },
): Promise<void> {
  if (!deps.desk.note || what.text === "") return;
  const written: Note = inThread ? { ...what, origin: "thread" } : what;
  const noted = await deps.desk.note(actorOf(deps.approvals, user), incident, written);
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

async function onlyOpen({ desk }: VerbDeps): Promise<Place | undefined> {
  const { items } = await desk.incidents({ limit: 2, status: "open" });
  const [only] = items;
  return items.length === 1 && only ? { incident: only.id, inThread: false } : undefined;
}
