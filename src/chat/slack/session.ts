import type { ChatState } from "../../core/chat.ts";
import type { Config } from "../../core/config.ts";
import type { Log } from "../../core/log.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import type { IncidentView } from "../../core/views.ts";
import { type Api, type Failure, stringIn } from "./api.ts";
import type { Channels } from "./channels.ts";
import type { Identity } from "./identity.ts";
import type { Message } from "./message.ts";
import type { Pacer } from "./pacer.ts";
import type { Mark } from "./recognise.ts";

/** What publishing needs; `publisher` names this process among others. */
export type PublishDeps = {
  api: Api;
  channels: Channels;
  pacer: Pacer;
  identity: () => Promise<Identity>;
  slack: Config["slack"];
  approvals: Config["approvals"];
  escalation?: Config["escalation"];
  resolveUserGroup: (id: string) => Promise<ReadonlySet<string>>;
  publisher: string;
  log: Log;
  now: () => Instant;
};

/** One call of `publish`: what is to be shown, what has been, and where. */
export type Session = {
  readonly view: IncidentView;
  readonly entries: readonly TimelineEntry[];
  /** Sequence number of the first of `entries`. */
  readonly first: number;
  readonly channel: string;
  readonly identity: Identity;
  readonly save: (state: ChatState) => Promise<void>;
  /** What this process's clock said when the session began. */
  readonly openedAt: Instant;
  state: ChatState;
  marked: boolean;
  /** Set when an unfinished post was found: what was posted since then may not be known. */
  since?: Instant;
};

/** Why publishing stops here for now; `uncertain` when the last post may have arrived; `code` is Slack's word. */
export type Stop = { ok: false; retryAfter: Milliseconds; why: string; uncertain: boolean; code?: string };

/** The store's time: the clock of this process may be minutes off, and what is saved is read by others. */
export function storeTime(
  { now }: Pick<PublishDeps, "now">,
  { view, openedAt }: Pick<Session, "view" | "openedAt">,
): Instant {
  return (view.readAt ?? openedAt) + (now() - openedAt);
}

/** How long another publisher leaves an unfinished post alone: longer than any one call takes. */
const UNFINISHED_FOR: Milliseconds = 30_000;
/** After Slack could not be reached, nothing is tried for this long. */
const OUTAGE_PAUSE: Milliseconds = 5_000;
const EVERYWHERE = "*";

/** `channel` is the session's, unless given. */
export type Post = { message: Message; mark: Mark; thread?: string; channel?: string; urgent: boolean };

/** Posts one message; the intention is saved before, what was posted by `record` after. */
export async function post(
  deps: PublishDeps,
  session: Session,
  what: Post,
  record: (state: ChatState, ts: string) => ChatState,
): Promise<Stop | undefined> {
  const channel = what.channel ?? session.channel;
  const wait = paced(deps, session, { lane: channel, urgent: what.urgent });
  if (wait) return wait;
  await markPosting(deps, session);
  const where = { channel, metadata: what.mark, ...(what.thread !== undefined && { thread_ts: what.thread }) };
  const answer = await send(deps, "chat.postMessage", { where, message: what.message });
  if (!answer.ok) return stopped(deps, channel, answer);
  const ts = stringIn(answer.body, "ts");
  if (ts === undefined)
    return { ok: false, retryAfter: OUTAGE_PAUSE, why: "Slack answered without a ts", uncertain: true };
  session.state = record(session.state, ts);
  await session.save(session.state);
  return undefined;
}

/** Edits one message; repeating it does no harm, so nothing is saved before. `gone` when somebody has deleted it. */
export async function edit(
  deps: PublishDeps,
  session: Session,
  what: { ts: string; message: Message; urgent: boolean },
): Promise<Stop | "gone" | undefined> {
  const wait = paced(deps, session, { lane: `${session.channel}/edit`, urgent: what.urgent });
  if (wait) return wait;
  const where = { channel: session.channel, ts: what.ts };
  const answer = await send(deps, "chat.update", { where, message: what.message });
  if (answer.ok) return undefined;
  if (answer.code === "message_not_found") return "gone";
  if (UNEDITABLE.has(answer.code)) {
    deps.log.warn({ incident: session.view.incident.id, code: answer.code }, "slack lets this message not be edited");
    return undefined;
  }
  return stopped(deps, `${session.channel}/edit`, answer);
}

/** Says in the saved state that a post is under way, once per session. */
async function markPosting(deps: PublishDeps, session: Session): Promise<void> {
  const posting = { by: deps.publisher, until: storeTime(deps, session) + UNFINISHED_FOR };
  session.state = { ...session.state, posting };
  if (session.marked) return;
  session.marked = true;
  await session.save(session.state);
}

const UNEDITABLE: ReadonlySet<string> = new Set(["edit_window_closed", "cant_update_message"]);
const TOO_MUCH: ReadonlySet<string> = new Set([
  "invalid_blocks",
  "invalid_blocks_format",
  "msg_blocks_too_long",
  "msg_too_long",
  "invalid_attachments",
]);

/** A message that Slack finds too much is sent again as text alone: ugly, but said. */
async function send(deps: PublishDeps, method: string, { where, message }: { where: object; message: Message }) {
  const args = { ...where, ...contentOf(message) };
  const answer = await deps.api.call(method, args);
  if (answer.ok || !TOO_MUCH.has(answer.code)) return answer;
  deps.log.error({ method, code: answer.code }, "slack refused the blocks of a message; its text is sent alone");
  return deps.api.call(method, {
    ...args,
    text: message.alone ?? message.text,
    blocks: [],
    attachments: [],
  });
}

function contentOf({ text, blocks, attachments }: Message): Readonly<Record<string, unknown>> {
  return {
    text,
    blocks,
    ...(attachments !== undefined && { attachments }),
    parse: "none",
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** A stop while nothing is tried, because Slack could not be reached a moment ago. */
export function outageStop(deps: PublishDeps): Stop | undefined {
  const retryAfter = deps.pacer.heldFor(EVERYWHERE, deps.now());
  return retryAfter === 0 ? undefined : { ok: false, retryAfter, why: "Slack could not be reached", uncertain: false };
}

function paced(
  { pacer, now }: PublishDeps,
  { view }: Session,
  { lane, urgent }: { lane: string; urgent: boolean },
): Stop | undefined {
  const retryAfter = pacer.take(lane, { by: view.incident.id, now: now(), urgent });
  return retryAfter === 0 ? undefined : { ok: false, retryAfter, why: "pacing", uncertain: false };
}

/** Turns a failed call into a stop, and keeps the lane (429) or everything (an outage) waiting. */
export function stopped(deps: PublishDeps, lane: string, failure: Failure): Stop {
  const { kind, retryAfter, why, code } = failure;
  if (kind === "limited") deps.pacer.hold(lane, deps.now() + retryAfter);
  if (kind === "unsent" || kind === "uncertain") deps.pacer.hold(EVERYWHERE, deps.now() + OUTAGE_PAUSE);
  return { ok: false, retryAfter, why, uncertain: kind === "uncertain", code };
}
