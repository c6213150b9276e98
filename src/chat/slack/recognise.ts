import type { Instant } from "../../core/time.ts";
import { type Api, type Failure, listIn, memberOf, stringIn } from "./api.ts";

/** What a message is, in its metadata; Slack keeps it with the message, so that a later reader knows what was posted. */
export type Mark =
  | { event_type: "stanch_incident"; event_payload: { incidentId: string } }
  | {
      event_type: "stanch_timeline" | "stanch_room";
      event_payload: { incidentId: string; seq: number; through: number };
    }
  | {
      event_type: "stanch_approval" | "stanch_reminder";
      event_payload: { incidentId: string; approvalId: string; nudge: string };
    }
  | { event_type: "stanch_escalation"; event_payload: { incidentId: string; seq: number } };

/** What Slack holds of one incident. `through`, `inRoom` and `announced` are sequence numbers, -1 for none. */
export type Found = {
  message?: string;
  /** Approval id → its message, and the nudges about it. */
  approvals: ReadonlyMap<string, string>;
  nudges: ReadonlyMap<string, readonly string[]>;
  through: number;
  inRoom: number;
  announced: number;
};

/** Where to look, for which incident, and from when; only messages of `author` count when it is known. */
export type Search = { channel: string; incidentId: string; since: Instant; message?: string; author?: string };

const PAGES = 20;
/** Slack's clock and ours may differ by this much. */
const CLOCK_SLACK = 15 * 60_000;

/**
 * Reads back what was posted of an incident, after a post whose fate is not known. Only the app's own messages count.
 * What is older than `since` minus a quarter of an hour is known from the saved state and not read.
 */
export async function recognise(api: Api, search: Search): Promise<{ ok: true; found: Found } | Failure> {
  const { channel } = search;
  const history = await readAll(api, "conversations.history", { channel }, search.since);
  if (!history.ok) return history;
  const found = interpret(history.messages, search);
  const root = search.message ?? found.message;
  if (root === undefined) return { ok: true, found };
  const threads: Readonly<Record<string, unknown>>[] = [...history.messages];
  for (const ts of [root, ...found.approvals.values()]) {
    const replies = await readAll(api, "conversations.replies", { channel, ts }, search.since);
    if (!replies.ok) return replies;
    threads.push(...replies.messages);
  }
  return { ok: true, found: interpret(threads, search) };
}

type Messages = { ok: true; messages: readonly Readonly<Record<string, unknown>>[] };

async function readAll(api: Api, method: string, args: object, since: Instant): Promise<Messages | Failure> {
  const messages: Readonly<Record<string, unknown>>[] = [];
  const oldest = String(Math.max(0, since - CLOCK_SLACK) / 1000);
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { ...args, oldest, limit: 200, include_all_metadata: true, ...(cursor !== undefined && { cursor }) };
    const answer = await api.call(method, query);
    if (!answer.ok) return answer.code === "thread_not_found" ? { ok: true, messages } : answer;
    messages.push(...listIn(answer.body, "messages"));
    cursor = stringIn(answer.body, "response_metadata", "next_cursor");
    if (cursor === undefined) break;
  }
  return { ok: true, messages };
}

function interpret(messages: Messages["messages"], { incidentId, author, message }: Search): Found {
  const ours = messages.filter(
    (one) =>
      stringIn(one, "metadata", "event_payload", "incidentId") === incidentId &&
      (author === undefined || stringIn(one, "user") === author),
  );
  const approvals = new Map(ours.flatMap((one) => approvalIn(one, "stanch_approval")));
  const nudges = new Map([...approvals.keys()].map((id) => [id, nudgesOf(ours, id)] as const));
  const root =
    message ??
    stringIn(
      ours.find((one) => typeOf(one) === "stanch_incident"),
      "ts",
    );
  return {
    approvals,
    nudges,
    through: highest(ours, "stanch_timeline", "through"),
    inRoom: highest(ours, "stanch_room", "through"),
    announced: highest(ours, "stanch_escalation", "seq"),
    ...(root !== undefined && { message: root }),
  };
}

function typeOf(message: unknown): string | undefined {
  return stringIn(message, "metadata", "event_type");
}

/** The approval of a message of this type with the message's `ts`, or nothing. */
function approvalIn(message: unknown, type: Mark["event_type"]): readonly (readonly [string, string])[] {
  const [id, ts] = [stringIn(message, "metadata", "event_payload", "approvalId"), stringIn(message, "ts")];
  return typeOf(message) === type && id !== undefined && ts !== undefined ? [[id, ts]] : [];
}

/** What people have been nudged about, by the approval's message and those in its thread. */
function nudgesOf(messages: Messages["messages"], approval: string): readonly string[] {
  return messages.flatMap((message) => {
    const nudge = stringIn(message, "metadata", "event_payload", "nudge");
    return stringIn(message, "metadata", "event_payload", "approvalId") === approval && nudge !== undefined
      ? [nudge]
      : [];
  });
}

/** The highest number that messages of this type carry; -1 when there is none. */
function highest(messages: Messages["messages"], type: Mark["event_type"], key: string): number {
  const numbers = messages
    .filter((message) => typeOf(message) === type)
    .map((message) => Number(memberOf(message, ["metadata", "event_payload", key])))
    .filter(Number.isSafeInteger);
  return Math.max(-1, ...numbers);
}

/** Which incident a message belongs to, from its metadata; undefined for messages of others. */
export function incidentOf(message: unknown): string | undefined {
  const isOurs = typeOf(message)?.startsWith("stanch_") === true;
  return isOurs ? stringIn(message, "metadata", "event_payload", "incidentId") : undefined;
}

/** Whether it is the message of an incident, whose thread is the timeline. */
export function isIncidentMessage(message: unknown): boolean {
  return typeOf(message) === "stanch_incident";
}
