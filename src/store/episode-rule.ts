import type { Sighting } from "../core/alert.ts";
import type { EpisodeState } from "../core/episode.ts";
import type { Instant } from "../core/time.ts";

/** An end may be this much older than the opening it closes, whatever it is the end of: the sender's clock is not Redis's (section 14.1). */
export const CLOSE_TOLERANCE_MS = 120_000;

/** What is kept per fingerprint: its state, the hash of its content, and the group that carried it last. */
export type EpisodeRecord = {
  state: EpisodeState;
  content: string;
  group: string;
  /**
   * While it is open: when the episode before this one ended; a firing that starts later ends the doubt. Where the source tells changes,
   * the latest of them.
   */
  mark?: Instant;
};

/** What one item of a body does: `record` is stored, `changed` asks for assessment, `unsettled` makes digests of the source invalid. */
export type EpisodeChange = { record: EpisodeRecord; changed: boolean; unsettled: boolean };

/** `isChange`: its source tells changes. */
export type Seen = { alert: Sighting; content: string; group: string; now: Instant; isChange: boolean };

/**
 * The rules of section 14.1 for one item; undefined: it says nothing new.
 * The Lua of the accept script follows the same table, and one conformance suite holds both to it.
 */
export function nextEpisode(old: EpisodeRecord | undefined, seen: Seen): EpisodeChange | undefined {
  const open = old !== undefined && old.state.status !== "resolved" ? old : undefined;
  if (open && seen.isChange && isPast(open, seen.alert)) return undefined;
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

function changedAt({ startsAt, endsAt }: Sighting): Instant {
  return endsAt ?? startsAt;
}

/** Of a source that tells changes: something newer is known of the alert. */
function isPast({ state, mark = 0 }: EpisodeRecord, alert: Sighting): boolean {
  return changedAt(alert) < Math.max(state.startsAt, mark);
}

function opened(old: EpisodeRecord | undefined, seen: Seen): EpisodeChange | undefined {
  const { alert, content, group, now, isChange } = seen;
  const ended = old?.state.endsAt;
  if (isChange && old && ended !== undefined && alert.startsAt <= ended) return overtaken(old, seen);
  const doubtful = ended !== undefined && alert.startsAt <= ended;
  const state: EpisodeState = {
    status: "firing",
    opening: (old?.state.opening ?? 0) + 1,
    openedAt: now,
    lastSeen: now,
    startsAt: alert.startsAt,
    doubtful,
  };
  const mark = isChange ? changedAt(alert) : ended;
  const record = { state, content, group, ...(mark === undefined ? {} : { mark }) };
  return { record, changed: true, unsettled: false };
}

/**
 * A firing whose end is known already, by the same clock, opens nothing. It is a repeat where the closed episode had begun by then; else it
 * is shown as an episode that has ended.
 */
function overtaken({ state: old }: EpisodeRecord, { alert, content, group, now }: Seen): EpisodeChange | undefined {
  if (old.opening > 0 && alert.startsAt >= old.startsAt) return undefined;
  const times = { openedAt: now, lastSeen: now, startsAt: alert.startsAt, endsAt: old.endsAt ?? now };
  const state: EpisodeState = { status: "resolved", opening: old.opening + 1, ...times, doubtful: false };
  return { record: { state, content, group }, changed: true, unsettled: false };
}

function stillFiring(old: EpisodeRecord, { alert, content, group, now, isChange }: Seen): EpisodeChange {
  const cleared = old.state.doubtful && alert.startsAt > (old.mark ?? 0);
  const changed = cleared || content !== old.content || old.state.status === "unknown";
  const state: EpisodeState = {
    ...old.state,
    status: "firing",
    lastSeen: now,
    startsAt: cleared ? alert.startsAt : old.state.startsAt,
    doubtful: old.state.doubtful && !cleared,
  };
  return {
    record: { ...old, state, content, group, ...(isChange && { mark: changedAt(alert) }) },
    changed,
    unsettled: false,
  };
}

/**
 * The end of the very firing that is open closes it however long ago it was: it may have been told late, or by a clock that is slow. Of a
 * doubtful one nobody can say, as an earlier end of it is known.
 */
function isEndOf({ startsAt, doubtful }: EpisodeState, { alert, isChange }: Seen): boolean {
  return isChange || (!doubtful && alert.startsAt >= startsAt);
}

function closed(old: EpisodeRecord, seen: Seen): EpisodeChange | undefined {
  const { alert, group, now, isChange } = seen;
  const endsAt = alert.endsAt ?? (isChange ? alert.startsAt : now);
  if (endsAt < old.state.openedAt - CLOSE_TOLERANCE_MS && !isEndOf(old.state, seen)) return undefined;
  const state: EpisodeState = { ...old.state, status: "resolved", lastSeen: now, endsAt };
  return { record: { ...old, state, group }, changed: true, unsettled: true };
}

/**
 * An end that nothing was open for is remembered, as no source keeps an order: what started before it and comes later has ended already,
 * which makes it doubtful. Of an episode that was never seen it makes a closed one, opening 0.
 */
function ended(
  old: EpisodeRecord | undefined,
  { alert, content, group, now, isChange }: Seen,
): EpisodeChange | undefined {
  const endsAt = alert.endsAt ?? (isChange ? alert.startsAt : now);
  const never = { opening: 0, openedAt: now, lastSeen: now, startsAt: alert.startsAt, doubtful: false };
  const { state, ...rest } = old ?? { state: never, content, group };
  if ("endsAt" in state && endsAt <= (state.endsAt ?? 0)) return undefined;
  return { record: { ...rest, state: { ...state, status: "resolved", endsAt } }, changed: false, unsettled: false };
}

function unknown(old: EpisodeRecord, { alert, group, now, isChange }: Seen): EpisodeChange {
  const changed = old.state.status !== "unknown";
  const state: EpisodeState = { ...old.state, status: "unknown", lastSeen: now };
  return { record: { ...old, state, group, ...(isChange && { mark: changedAt(alert) }) }, changed, unsettled: changed };
}
