import type { AlertRecord } from "../core/episode.ts";
import type { Incident } from "../core/incident.ts";
import type { Check, Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { CURRENT } from "./assess/deps.ts";
import { say } from "./decide/deps.ts";

/** The correlation key of the one incident that alerts share which could not be assessed. */
export const POISON_KEY = "stanch=unassessed";

/**
 * Alerts that could not be assessed in five deliveries are somebody's problem all the same: they open one P1 incident, or add a
 * line to the open one, and people are called (section 14.1: visible and paged).
 */
export async function poisonWrites(
  store: Pick<Store, "field" | "get" | "next">,
  records: readonly AlertRecord[],
  now: Instant,
): Promise<{ checks: readonly Check[]; writes: readonly Write[] }> {
  if (records.length === 0) return { checks: [], writes: [] };
  const open = await store.field(CURRENT, POISON_KEY);
  const id = open ?? `inc-${await store.next("incidents")}`;
  const names = records.slice(0, 5).map((record) => record.alert.labels["alertname"] ?? record.id);
  const text = `${records.length} accepted alerts could not be assessed (${names.join(", ")}); look at them: alerts with state poison`;
  const told: readonly Write[] = [
    ...say(id, { at: now, kind: "escalation", text, by: "stanch" }),
    { write: "due", member: `follow:${id}`, at: 0 },
  ];
  const isStill: Check = { check: "field", hash: CURRENT, field: POISON_KEY, is: open ?? null };
  if (open !== undefined) return { checks: [isStill], writes: told };
  const incident: Incident = {
    id,
    key: POISON_KEY,
    labels: {},
    title: "Alerts that could not be assessed",
    severity: "P1",
    status: "open",
    opening: 1,
    openedAt: now,
    startedAt: now,
    runs: [],
    leases: [],
    escalatedAt: now,
  };
  return {
    checks: [isStill],
    writes: [
      { write: "put", kind: "incident", id, body: incident },
      { write: "field", hash: CURRENT, field: POISON_KEY, value: id },
      { write: "index", index: "incidents", member: id, score: now },
      { write: "index", index: "incidents:open", member: id, score: now },
      ...told,
    ],
  };
}
