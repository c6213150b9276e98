import type { Milliseconds } from "./time.ts";
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
  /** Approval id → its message and the digest shown. */
  approvals: Readonly<Record<string, { message: string; shown: string }>>;
};

export type Published = { ok: true } | { ok: false; retryAfter: Milliseconds; why: string };

/**
 * Brings what people see of one incident up to date: creates or edits its message, posts the timeline entries from
 * `state.delivered` on, in order, and posts or locks approval messages. `save` is called after each thing that was posted.
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
