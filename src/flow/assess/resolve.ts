import type { AlertRecord } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Instant } from "../../core/time.ts";
import { type AssessDeps, type Extra, joinParts, type Wake } from "./deps.ts";
import { type Started, startRuns } from "./start-runs.ts";

/** Episodes of a recovered incident that may select playbooks for the recovery. */
const LOOKED_AT = 200;

/**
 * What happens when nothing of an incident fires any more: approvals are withdrawn and runs cancelled (the engine's part), and
 * playbooks with `on: recovered` start.
 */
export async function resolveExtras(deps: AssessDeps, incident: Incident, now: Instant): Promise<Started> {
  const extra = await deps.resolvedWrites(incident, now);
  const ids = (await deps.store.members(`incident:${incident.id}:episodes`)).slice(0, LOOKED_AT);
  const docs = ids.length === 0 ? [] : await deps.store.getMany<AlertRecord>("alert", ids);
  const records = docs.flatMap((doc) => (doc === undefined ? [] : [doc.body]));
  const entrants = records.map((record) => ({ record, facts: record.explanation?.facts ?? {} }));
  const started = startRuns(deps, { incident, entrants, on: "recovered", now });
  return { ...started, part: joinParts([{ ...extra, wakes: wakesOf(extra) }, started.part]) };
}

/** The runs that learn of the recovery: an approval of one must not stay grantable until the sweeper comes. */
function wakesOf({ writes }: Extra): readonly Wake[] {
  return writes.flatMap((write) =>
    write.write === "due" && write.member.startsWith("run:") ? [{ member: write.member, at: write.at }] : [],
  );
}
