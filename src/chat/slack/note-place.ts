import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../core/log.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { type Api, type Failure, listIn, stringIn } from "./api.ts";
import { incidentOf, isIncidentMessage } from "./recognise.ts";
import { incidentOfPurpose } from "./rooms.ts";

/** The incident that a message belongs to; `inThread`: the thread of the incident's own message, which is its timeline. */
export type Place = { incident: string; inThread: boolean };

/** A message as Slack names it; `thread` is the message that it answers. */
type Spot = { channel: string; thread?: string };

type Found<T> = { ok: true; found: T | undefined } | Failure;

export type PlaceDeps = { api: Api; log: Log; now: () => Instant };

/** Tells where messages belong, by the thread they stand in, else by their channel. */
export type Places = {
  of(spot: Spot): Promise<Place | undefined>;
  /** A message with its metadata; undefined where there is none, or where Slack does not give it. */
  messageAt(channel: string, ts: string): Promise<Readonly<Record<string, unknown>> | undefined>;
};

/** That something belongs to no incident is believed for this long: a channel may become an incident's own. */
const ABSENT_FOR: Milliseconds = 60_000;

/** What is known of a thread or a channel is not asked again; where Slack cannot say, it is asked again a few times. */
export function createPlaces(deps: PlaceDeps): Places {
  const ofThread = remembered(deps, (channel, ts) => threadPlace(deps.api, channel, ts));
  const ofRoom = remembered(deps, (channel) => roomPlace(deps.api, channel));
  return {
    async of({ channel, thread }) {
      const place = thread === undefined ? undefined : await ofThread(channel, thread);
      return place ?? ofRoom(channel, "");
    },
    messageAt: (channel, ts) => asked(deps, () => readMessage(deps.api, channel, ts)),
  };
}

/** Which place a message of ours stands for. */
export function placeOf(message: unknown): Place | undefined {
  const incident = incidentOf(message);
  return incident === undefined ? undefined : { incident, inThread: isIncidentMessage(message) };
}

async function threadPlace(api: Api, channel: string, ts: string): Promise<Found<Place>> {
  const read = await readMessage(api, channel, ts);
  return read.ok ? { ok: true, found: placeOf(read.found) } : read;
}

async function roomPlace(api: Api, channel: string): Promise<Found<Place>> {
  const answer = await api.call("conversations.info", { channel });
  if (!answer.ok) return answer;
  const incident = incidentOfPurpose(stringIn(answer.body, "channel", "purpose", "value"));
  return { ok: true, found: incident === undefined ? undefined : { incident, inThread: false } };
}

async function readMessage(api: Api, channel: string, ts: string): Promise<Found<Readonly<Record<string, unknown>>>> {
  const args = { channel, ts, latest: ts, oldest: ts, inclusive: true, limit: 1, include_all_metadata: true };
  const replies = await api.call("conversations.replies", args);
  const found = replies.ok ? listIn(replies.body, "messages").find((message) => message["ts"] === ts) : undefined;
  if (found) return { ok: true, found };
  const history = await api.call("conversations.history", args);
  if (!history.ok) return history;
  return { ok: true, found: listIn(history.body, "messages").find((message) => message["ts"] === ts) };
}

const TRIES = 5;
const LONGEST_WAIT: Milliseconds = 30_000;

/** Slack delivers an event once: what it cannot say now is asked again, so that nothing that people wrote is lost by a rate limit. */
async function asked<T>({ log }: PlaceDeps, find: () => Promise<Found<T>>): Promise<T | undefined> {
  for (let tries = 1; ; tries += 1) {
    const answer = await find();
    if (answer.ok) return answer.found;
    if (answer.kind === "refused") return undefined;
    if (tries === TRIES) {
      log.warn({ why: answer.why }, "slack did not say where a message belongs; it is on no timeline");
      return undefined;
    }
    await sleep(Math.min(answer.retryAfter, LONGEST_WAIT), undefined, { ref: false });
  }
}

type Known = { place: Place | undefined; at: Instant };

/** Keeps the last 500 answers. */
function remembered(
  deps: PlaceDeps,
  find: (channel: string, ts: string) => Promise<Found<Place>>,
): (channel: string, ts: string) => Promise<Place | undefined> {
  const known = new Map<string, Known>();
  return async (channel, ts) => {
    const key = `${channel}/${ts}`;
    const before = known.get(key);
    if (before && (before.place || deps.now() - before.at < ABSENT_FOR)) return before.place;
    let isSaid = false;
    const place = await asked(deps, async () => {
      const answer = await find(channel, ts);
      isSaid = answer.ok;
      return answer;
    });
    if (!isSaid) return undefined;
    known.delete(key);
    known.set(key, { place, at: deps.now() });
    const [oldest] = known.keys();
    if (known.size > 500 && oldest !== undefined) known.delete(oldest);
    return place;
  };
}
