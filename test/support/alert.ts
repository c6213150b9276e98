import type { AlertRecord } from "../../src/core/episode.ts";

/** A firing alert that has its incident. */
export const ALERT: AlertRecord = {
  id: "alertmanager-f-1",
  source: "alertmanager",
  alert: { fingerprint: "f", status: "firing", labels: { service: "a" }, annotations: {}, startsAt: 1 },
  state: { status: "firing", opening: 1, openedAt: 1, lastSeen: 1, startsAt: 1, doubtful: false },
  truncated: false,
  assessment: "matched",
  incidentId: "inc-1",
  entry: "1-0",
};
