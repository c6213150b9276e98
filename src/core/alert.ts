import type { ContentHash } from "./content.ts";
import type { Fault } from "./errors.ts";
import type { Instant } from "./time.ts";

/** Where alerts come from; also the last segment of the webhook's path. */
export const SOURCE_NAMES = ["alertmanager", "grafana", "cloudwatch", "eventbridge"] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/**
 * Whether a source tells each change of an alert once, dated by the one clock of what it watches, as CloudWatch does: what is dated before
 * the latest known change says nothing of the present. The others repeat what fires, and their times are of several clocks.
 */
export function tellsChanges(source: SourceName): boolean {
  return source === "cloudwatch" || source === "eventbridge";
}

/** `unknown` is CloudWatch's INSUFFICIENT_DATA: it neither opens nor closes an episode. */
export type AlertStatus = "firing" | "resolved" | "unknown";

/** One notification item as a source parsed it. */
export type Alert = {
  /** Stable over recurrences, unique within its source. */
  fingerprint: string;
  status: AlertStatus;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  startsAt: Instant;
  /** Undefined while it fires (Alertmanager sends year 1). */
  endsAt?: Instant;
  /** Where the alert can be looked at, if its source says so. */
  url?: string;
};

/** One webhook body: the source's group of alerts. */
export type AlertGroup = {
  source: SourceName;
  /** The source's key of the group; repeats carry the same one. */
  groupKey: string;
  /** How many alerts the source left out of this body; above 0 the guard `truncated` asks. */
  truncatedAlerts: number;
  alerts: readonly Alert[];
  /** What of the body could not be read; the alerts above are the rest of it. Absent when all could. */
  rejected?: RejectedAlerts;
};

/**
 * What accept has to know of an alert: which one it is, where it stands, and whether what it says has changed. A source that has not
 * read labels and annotations gives their hash.
 */
export type Sighting = Pick<Alert, "fingerprint" | "status" | "startsAt" | "endsAt"> &
  (Pick<Alert, "labels" | "annotations"> | { content: ContentHash });

/** A group as accept needs it. */
export type SightingGroup = Omit<AlertGroup, "alerts"> & { alerts: readonly Sighting[] };

/** Alerts of a body that could not be read: how many, and the first of their faults. */
export type RejectedAlerts = { count: number; faults: readonly Fault[] };
