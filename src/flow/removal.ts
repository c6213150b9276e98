import { CHATS_BEHIND } from "../core/chat.ts";
import type { Assessment } from "../core/episode.ts";
import type { Incident, IncidentStatus } from "../core/incident.ts";
import { takenScope } from "../core/pause.ts";
import type { Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { openingsRemoval } from "./ended-openings.ts";

const ASSESSMENTS: readonly Assessment[] = ["unassessed", "unmatched", "none", "matched", "poison"];
/** Sorted indexes of alerts, one for each assessment; each alert is in one of them. */
export const ALERT_INDEXES = ASSESSMENTS.map((one) => `alerts:${one}`);
const STATUSES: readonly IncidentStatus[] = ["open", "mitigated", "resolved"];

/** What takes an alert's record away; older versions had an index of all alerts, too. */
export function alertRemoval(id: string): readonly Write[] {
  return [{ write: "delete", kind: "alert", id }, ...unindexed(["alerts", ...ALERT_INDEXES], id)];
}

/** What takes a run away: its journal, its inbox, its claim. */
export function runRemoval(id: string, now: Instant): readonly Write[] {
  return [
    { write: "drop", list: `run:${id}` },
    { write: "drop", list: `inbox:${id}` },
    { write: "expire", what: "claim", name: id, at: now },
    { write: "undue", member: `run:${id}` },
    ...unindexed(["runs", "runs:active"], id),
  ];
}

/** What takes a lease away. */
export function leaseRemoval(id: string): readonly Write[] {
  return [
    { write: "delete", kind: "lease", id },
    { write: "undue", member: `lease:${id}` },
    ...unindexed(["leases", "leases:active"], id),
  ];
}

/** What takes an approval away. */
export function approvalRemoval(id: string): readonly Write[] {
  return [
    { write: "delete", kind: "approval", id },
    { write: "undue", member: `approval:${id}` },
    ...unindexed(["approvals", "approvals:pending"], id),
  ];
}

/** What takes a person's task away. */
export function taskRemoval(id: string): readonly Write[] {
  return [{ write: "delete", kind: "task", id }, ...unindexed(["tasks", "tasks:open"], id)];
}

/** What takes an incident away, with its timeline, its sets, what was posted and written of it; `pointer`: its key's incident. */
export function incidentRemoval(incident: Incident, pointer: string | undefined, now: Instant): readonly Write[] {
  const { id, key } = incident;
  const sets = ["episodes", "firing", "approvals", "leases"].map(
    (name): Write => ({ write: "expire", what: "set", name: `incident:${id}:${name}`, at: now }),
  );
  const own = (["chat", "report", "escalation"] as const).map((kind): Write => ({ write: "delete", kind, id }));
  return [
    { write: "delete", kind: "incident", id },
    { write: "delete", kind: "pause", id: `incident:${id}` },
    { write: "delete", kind: "pause", id: takenScope(id) },
    { write: "drop", list: `timeline:${id}` },
    openingsRemoval(id),
    { write: "expire", what: "hash", name: `notes:${id}`, at: now },
    { write: "expire", what: "claim", name: `chat:${id}`, at: now },
    ...own,
    ...sets,
    ...unindexed(["incidents", CHATS_BEHIND, ...STATUSES.map((status) => `incidents:${status}`)], id),
    ...["incident", "chat", "follow"].map((kind): Write => ({ write: "undue", member: `${kind}:${id}` })),
    { write: "undue", member: `run:chat:${id}` },
    ...(pointer === id ? [{ write: "field", hash: "incidents:open", field: key, value: null } as const] : []),
  ];
}

function unindexed(indexes: readonly string[], member: string): readonly Write[] {
  return indexes.map((index) => ({ write: "unindex", index, member }));
}
