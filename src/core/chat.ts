import type { Instant, Milliseconds } from "./time.ts";
import type { TimelineEntry } from "./timeline.ts";
import type { IncidentView } from "./views.ts";

/** What has been posted of one incident (document kind `chat`, one per incident); the publisher resumes from it after a crash. */
export type ChatState = {
  channel?: string;
  /** Slack `ts` of the incident message. */
  message?: string;
  /** Digest of the incident message as last shown. */
  shown?: string;
  /** Timeline entries delivered so far; the next one has this sequence number. */
  delivered: number;
  /** Approval id → its message, the digest shown, and what people were nudged about (a severity, `half-time`). */
  approvals: Readonly<Record<string, { message: string; shown: string; nudges?: readonly string[] }>>;
  /**
   * Saved before the first post and taken off after the last: a publisher that finds it reads what was posted before it
   * posts again (a crash or a timeout may have hidden it), and leaves another publisher alone until `until`.
   */
  posting?: { by: string; until: Instant };
  /** Escalations are announced ahead of the thread; the next entry looked at has this sequence number. */
  announced?: number;
  /** The escalation that is being announced in further channels, and where it has been. */
  elsewhere?: { seq: number; channels: readonly string[] };
  /** The incident's own channel, where one is configured, with its copy of the timeline and the topic shown. */
  room?: { channel: string; delivered: number; topic: string };
  /** Since when publishing has not come to its end; then it is in the index `CHATS_BEHIND`. */
  behindSince?: Instant;
  /** Entries the thread has, while it is ahead of the room; `delivered` is the smaller of the two. */
  thread?: number;
};

/** Index of the incidents whose publishing has not come to its end. */
export const CHATS_BEHIND = "chats:behind";

export type Published = { ok: true } | { ok: false; retryAfter: Milliseconds; why: string };

/**
 * Brings what people see of one incident up to date: creates or edits its message, posts the timeline entries from
 * `state.delivered` on, in order, and posts or locks approval messages. `entries` begins with number `state.delivered`
 * (what `desk.timeline(id, state.delivered)` reads). `save` is called after each thing that was posted and may throw
 * when somebody else has saved meanwhile; nothing more is posted then.
 * Idempotent: called again with the same view it does nothing; called with a newer one it catches up.
 */
export type Chat = {
  name: "slack" | "console";
  publish(
    view: IncidentView,
    entries: readonly TimelineEntry[],
    state: ChatState,
    save: (state: ChatState) => Promise<void>,
  ): Promise<Published>;
};
