import type { Instant } from "../../core/time.ts";
import type { EpisodeRecord } from "../episode-rule.ts";
import type { GroupDigest } from "./state.ts";

/** A repeat refreshes only its group; it counts for the episodes that the group's present body carried. */
export function lastSeenOf(record: EpisodeRecord, group: GroupDigest | undefined): Instant {
  const { status, lastSeen } = record.state;
  const carried = status !== "resolved" && group !== undefined && lastSeen >= group.since;
  return carried ? Math.max(lastSeen, group.lastSeen) : lastSeen;
}
