import type { AlertStatus } from "../../core/alert.ts";
import type { EpisodeState } from "../../core/episode.ts";
import type { Instant } from "../../core/time.ts";
import { DOUBTFUL_FLAG, ENDS_FLAG } from "./episode-rules-script.ts";

const STATUSES: readonly AlertStatus[] = ["firing", "resolved", "unknown"];

/** Reads a packed episode and, if it has one, its group: a repeat refreshes only the group (see `lastSeenOf`). */
export function readEpisode(record: Buffer, group: Buffer | null): EpisodeState {
  const flags = record.readUInt8(0);
  const status = STATUSES[flags % 4] ?? "unknown";
  const endsAt = status === "resolved" && (flags & ENDS_FLAG) > 0 ? { endsAt: record.readDoubleBE(29) } : {};
  return {
    status,
    opening: record.readUInt32BE(1),
    openedAt: record.readDoubleBE(5),
    lastSeen: lastSeenOf(status, record.readDoubleBE(13), group),
    startsAt: record.readDoubleBE(21),
    ...endsAt,
    doubtful: (flags & DOUBTFUL_FLAG) > 0,
  };
}

/** A repeat counts for the open episodes that its group's present body carried, that is, those not older than it. */
function lastSeenOf(status: AlertStatus, own: Instant, group: Buffer | null): Instant {
  if (status === "resolved" || group === null || own < group.readDoubleBE(20)) return own;
  return Math.max(own, lastSeenOfGroup(group));
}

/** When any body of this packed group came last. */
export function lastSeenOfGroup(group: Buffer): Instant {
  return group.readDoubleBE(28);
}
