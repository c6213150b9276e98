import type { Sighting } from "../core/alert.ts";
import type { EpisodeState } from "../core/episode.ts";
import type { Instant } from "../core/time.ts";

/** A resolved may be this much older than the opening it closes: the sender's clock is not Redis's (section 14.1). */
export const CLOSE_TOLERANCE_MS = 120_000;

/** What is kept per fingerprint: its state, the hash of its content, and the group that carried it last. */
export type EpisodeRecord = {
  state: EpisodeState;
  content: string;
  group: string;
  /** When the episode before this one ended; a firing that starts later ends the doubt. */
  closedBefore?: Instant;
};

/** What one item of a body does: `record` is stored, `changed` asks for assessment, `unsettled` makes digests of the source invalid. */
export type EpisodeChange = { record: EpisodeRecord; changed: boolean; unsettled: boolean };

export type Seen = { alert: Sighting; content: string; group: string; now: Instant };

/**
 * The rules of section 14.1 for one item; undefined: it says nothing new.
 * The Lua of the accept script follows the same table, and one conformance suite holds both to it.
 */
export function nextEpisode(old: EpisodeRecord | undefined, seen: Seen): EpisodeChange | undefined {
  const open = old !== undefined && old.state.status !== "resolved" ? old : undefined;
  switch (seen.alert.status) {
    case "firing":
      return open ? stillFiring(open, seen) : opened(old, seen);
    case "resolved":
      return open ? closed(open, seen) : ended(old, seen);
    case "unknown":
      return open && unknown(open, seen);
    default:
      return seen.alert.status satisfies never;
  }
}

function opened(old: EpisodeRecord | undefined, { alert, content, group, now }: Seen): EpisodeChange {
  const ended = old?.state.endsAt;
  const doubtful = ended !== undefined && alert.startsAt <= ended;
  const state: EpisodeState = {
    status: "firing",
    opening: (old?.state.opening ?? 0) + 1,
    openedAt: now,
    lastSeen: now,
    startsAt: alert.startsAt,
    doubtful,
  };
  const record = { state, content, group, ...(ended === undefined ? {} : { closedBefore: ended }) };
  return { record, changed: true, unsettled: false };
}

function stillFiring(old: EpisodeRecord, { alert, content, group, now }: Seen): EpisodeChange {
  const cleared = old.state.doubtful && alert.startsAt > (old.closedBefore ?? 0);
  const changed = cleared || content !== old.content || old.state.status === "unknown";
  const state: EpisodeState = {
    ...old.state,
    status: "firing",
    lastSeen: now,
    startsAt: cleared ? alert.startsAt : old.state.startsAt,
    doubtful: old.state.doubtful && !cleared,
  };
  return { record: { ...old, state, content, group }, changed, unsettled: false };
}

function closed(old: EpisodeRecord, { alert, group, now }: Seen): EpisodeChange | undefined {
  const endsAt = alert.endsAt ?? now;
  if (endsAt < old.state.openedAt - CLOSE_TOLERANCE_MS) return undefined;
  const state: EpisodeState = { ...old.state, status: "resolved", lastSeen: now, endsAt };
  return { record: { ...old, state, group }, changed: true, unsettled: true };
}

/**
 * An end that nothing was open for is remembered, as no source keeps an order: what started before it and comes later has ended already,
 * which makes it doubtful. Of an episode that was never seen it makes a closed one, opening 0.
 */
function ended(old: EpisodeRecord | undefined, { alert, content, group, now }: Seen): EpisodeChange | undefined {
  const endsAt = alert.endsAt ?? now;
  const never = { opening: 0, openedAt: now, lastSeen: now, startsAt: alert.startsAt, doubtful: false };
  const { state, ...rest } = old ?? { state: never, content, group };
  if ("endsAt" in state && endsAt <= (state.endsAt ?? 0)) return undefined;
  return { record: { ...rest, state: { ...state, status: "resolved", endsAt } }, changed: false, unsettled: false };
}

function unknown(old: EpisodeRecord, { group, now }: Seen): EpisodeChange {
  const changed = old.state.status !== "unknown";
  const state: EpisodeState = { ...old.state, status: "unknown", lastSeen: now };
  return { record: { ...old, state, group }, changed, unsettled: changed };
}
