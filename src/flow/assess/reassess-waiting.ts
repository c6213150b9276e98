import type { AlertRecord } from "../../core/episode.ts";
import type { Write } from "../../core/store.ts";
import { CHUNK } from "./batches.ts";
import type { AssessDeps } from "./deps.ts";
import { assessSubjects } from "./group.ts";
import { askStale } from "./stale.ts";
import { subjectsOfRecords } from "./subject.ts";
import { earliest, type Look, lookWakes } from "./waiting.ts";

/** Looks at the open episodes of one set again; `member` is the due set's, `assess:HASH:TIME`. */
export async function reassessWaiting(deps: AssessDeps, member: string): Promise<void> {
  const set = member.slice(0, member.lastIndexOf(":"));
  const ids = await deps.store.members(set);
  const records = (await deps.store.getMany<AlertRecord>("alert", ids)).map((doc) => doc?.body);
  const open = records.filter((record) => record !== undefined).filter(isWaiting);
  const known = new Set(open.map((record) => record.id));
  const looks: Look[] = [];
  for (let at = 0; at < open.length; at += CHUNK) {
    const chunk = open.slice(at, at + CHUNK);
    const vanished = await askStale(deps, chunk);
    const subjects = subjectsOfRecords(chunk, deps.config.incidents.correlateBy);
    const done = await assessSubjects(deps, subjects, { again: true, vanished });
    if (done.look !== undefined) looks.push(done.look);
  }
  const gone = ids.filter((id) => !known.has(id));
  const writes: Write[] = [{ write: "undue", member }];
  if (gone.length > 0) writes.push({ write: "remove", set, members: gone });
  const next = earliest(looks);
  if (next !== undefined) writes.push({ write: "due", member: `${set}:${next.at}`, at: next.at });
  const { now } = await deps.store.commit({ checks: [], writes });
  if (next !== undefined) deps.rouse(lookWakes(set, next, now));
}

function isWaiting(record: AlertRecord): boolean {
  return record.state.status !== "resolved" && record.incidentId === undefined;
}
