import type { AlertRecord } from "../core/episode.ts";
import type { Incident } from "../core/incident.ts";
import type { MatchIndex } from "../core/match-index.ts";
import type { Store } from "../core/store.ts";
import { type Candidate, laddersFor } from "./assess/select.ts";

/** Alerts that are looked at for one ladder; an incident of thousands has the same few playbooks. */
const LOOKED_AT = 200;

/** Per target, the playbooks that match the open alerts of an incident now, by priority. */
export async function openLadders(
  store: Store,
  index: MatchIndex,
  incident: Incident,
): Promise<ReadonlyMap<string, readonly Candidate[]>> {
  const firing = await store.some(`incident:${incident.id}:firing`, LOOKED_AT);
  const found = firing.length === 0 ? [] : await store.getMany<AlertRecord>("alert", firing);
  const entrants = found.flatMap((doc) =>
    doc ? [{ record: doc.body, facts: doc.body.explanation?.facts ?? {} }] : [],
  );
  const occasion = { severity: incident.severity, on: "firing" as const };
  return laddersFor(index, entrants, { incident, occasion, now: await store.now() }).targets;
}
