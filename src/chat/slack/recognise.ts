import type { Instant } from "../../core/time.ts";
import { type Api, type Failure, listIn, memberOf, stringIn } from "./api.ts";

/** What a message is, in its metadata; Slack keeps it with the message, so that a later reader knows what was posted. */
export type Mark =
  | { event_type: "stanch_incident"; event_payload: { incidentId: string } }
  | { event_type: "stanch_timeline"; event_payload: { incidentId: string; seq: number; through: number } }
  | { event_type: "stanch_approval"; event_payload: { incidentId: string; approvalId: string } }
  | { event_type: "stanch_reminder"; event_payload: { incidentId: string; approvalId: string } }
  | { event_type: "stanch_escalation"; event_payload: { incidentId: string; seq: number } };

/** What Slack holds of one incident. `through` and `announced` are sequence numbers, -1 for none. */
export type Found = {
  message?: string;
  approvals: ReadonlyMap<string, string>;
  reminded: ReadonlySet<string>;
  through: number;
  announced: number;
};

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
  const approvals = new Map<string, string>();
  const reminded = new Set<string>();
  let [root, through, announced] = [message, -1, -1];
  for (const one of messages) {
    const ts = stringIn(one, "ts");
    if (ts === undefined || stringIn(one, "metadata", "event_payload", "incidentId") !== incidentId) continue;
    if (author !== undefined && stringIn(one, "user") !== author) continue;
    const type = stringIn(one, "metadata", "event_type");
    const approval = stringIn(one, "metadata", "event_payload", "approvalId");
    if (type === "stanch_incident") root ??= ts;
    if (type === "stanch_approval" && approval !== undefined) approvals.set(approval, ts);
    if (type === "stanch_reminder" && approval !== undefined) reminded.add(approval);
    if (type === "stanch_timeline") through = Math.max(through, numberIn(one, "through"));
    if (type === "stanch_escalation") announced = Math.max(announced, numberIn(one, "seq"));
  }
  return { approvals, reminded, through, announced, ...(root !== undefined && { message: root }) };
}

function numberIn(message: unknown, key: string): number {
  const value = Number(memberOf(message, ["metadata", "event_payload", key]));
  return Number.isSafeInteger(value) ? value : -1;
}

/** Which incident a message belongs to, from its metadata; undefined for messages of others. */
export function incidentOf(message: unknown): string | undefined {
  const isOurs = stringIn(message, "metadata", "event_type")?.startsWith("stanch_") === true;
  return isOurs ? stringIn(message, "metadata", "event_payload", "incidentId") : undefined;
}
