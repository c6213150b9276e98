import { type AlertRecord, type EpisodeState, episodeId } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Lineage } from "../../core/intake.ts";
import type { Doc } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import type { Ahead } from "./ahead.ts";
import { type AssessDeps, CURRENT } from "./deps.ts";
import type { Subject } from "./subject.ts";

/** A subject with what the store says of it now. */
export type Seen = {
  subject: Subject;
  id: string;
  state: EpisodeState;
  /** The record of the present episode; absent when it was never assessed. */
  doc?: Doc<AlertRecord>;
  /** Records of earlier episodes of the same fingerprint that still count as open. */
  former: readonly Doc<AlertRecord>[];
};

/** The episodes at one moment. `pointed`: correlation key → incident, of the keys whose incident was not remembered. */
export type Sight = { now: Instant; seen: readonly Seen[]; pointed: ReadonlyMap<string, string> };

/** Everything one assessment decides on; the commit checks that it has not changed. */
export type Scene = Sight & {
  /** Incident id → its document. */
  incidents: ReadonlyMap<string, Doc<Incident>>;
  /** Correlation key → the incident that the store points to; absent: none. */
  current: ReadonlyMap<string, string>;
};

/** Episodes further back than this, left open by flapping while nobody assessed, are found by the re-assessment. */
const LOOK_BACK = 3;
/** Beyond this many remembered keys the table is emptied. */
const REMEMBERED = 20_000;

/** Reads states and records of the subjects, and asks for the pointers that are not remembered, in one round trip. */
export async function lookAtEpisodes(deps: AssessDeps, subjects: readonly Subject[]): Promise<Sight> {
  const keys = [...new Set(subjects.map((subject) => subject.correlation.key))];
  const [{ now, lineages }, pointed] = await Promise.all([
    deps.intake.look(
      subjects.map((subject) => subject.key),
      LOOK_BACK,
    ),
    askPointers(
      deps,
      keys.filter((key) => !deps.current.has(key)),
    ),
  ]);
  deps.storeTime.ahead = now - deps.monotonic();
  return { now, seen: await readSeen(deps, subjects, lineages), pointed };
}

/**
 * Adds the incidents that the subjects belong to or would join; in one round trip, or none where there is none. An incident that
 * this process has opened since the look is remembered, which counts more than what was seen; others' fail the commit's check. What
 * a commit on its way leaves behind counts most.
 */
export async function lookAtIncidents(
  deps: AssessDeps,
  subjects: readonly Subject[],
  { sight, ahead }: { sight: Sight; ahead?: Ahead },
): Promise<Scene> {
  const current = new Map<string, string>();
  for (const key of new Set(subjects.map(({ correlation }) => correlation.key))) {
    const id = ahead?.current.get(key) ?? deps.current.get(key) ?? sight.pointed.get(key);
    if (id !== undefined) current.set(key, id);
  }
  const joined = sight.seen.flatMap((one) => [one.doc, ...one.former]).flatMap((doc) => doc?.body.incidentId ?? []);
  const wanted = [...current.values(), ...joined];
  const incidents = new Map(
    await readIncidents(
      deps,
      wanted.filter((id) => !ahead?.incidents.has(id)),
    ),
  );
  for (const id of wanted) {
    const doc = ahead?.incidents.get(id);
    if (doc !== undefined) incidents.set(id, doc);
  }
  return verified(deps, { ...sight, incidents, current });
}

/** Drops what this process remembers of the subjects' keys: after a conflict the store is asked again. */
export function forget(deps: AssessDeps, subjects: readonly Subject[]): void {
  for (const subject of subjects) deps.current.delete(subject.correlation.key);
}

async function askPointers(deps: AssessDeps, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const ids = await Promise.all(keys.map((key) => deps.store.field(CURRENT, key)));
  for (const [index, key] of keys.entries()) {
    const id = ids[index];
    if (id !== undefined) found.set(key, id);
  }
  return found;
}

/** A remembered pointer is good while its incident is not resolved; else the store is asked. */
async function verified(deps: AssessDeps, scene: Scene): Promise<Scene> {
  const stale = [...scene.current]
    .filter(([key, id]) => deps.current.get(key) === id && isOver(scene.incidents.get(id)?.body))
    .map(([key]) => key);
  remember(deps, scene);
  if (stale.length === 0) return scene;
  for (const key of stale) deps.current.delete(key);
  const asked = await askPointers(deps, stale);
  const fresh = await readIncidents(
    deps,
    [...asked.values()].filter((id) => !scene.incidents.has(id)),
  );
  const rest = [...scene.current].filter(([key]) => !stale.includes(key));
  return { ...scene, current: new Map([...rest, ...asked]), incidents: new Map([...scene.incidents, ...fresh]) };
}

function isOver(incident: Incident | undefined): boolean {
  return incident === undefined || incident.status === "resolved";
}

function remember(deps: AssessDeps, scene: Scene): void {
  if (deps.current.size > REMEMBERED) deps.current.clear();
  for (const [key, id] of scene.current) deps.current.set(key, id);
}

async function readIncidents(deps: AssessDeps, ids: Iterable<string>): Promise<ReadonlyMap<string, Doc<Incident>>> {
  const found = new Map<string, Doc<Incident>>();
  const names = [...new Set(ids)];
  if (names.length === 0) return found;
  const docs = await deps.store.getMany<Incident>("incident", names);
  for (const [index, id] of names.entries()) if (docs[index]) found.set(id, docs[index]);
  return found;
}

async function readSeen(
  deps: AssessDeps,
  subjects: readonly Subject[],
  lineages: readonly (Lineage | undefined)[],
): Promise<readonly Seen[]> {
  const rows = subjects.flatMap((subject, index) => {
    const lineage = lineages[index];
    return lineage === undefined ? [] : [{ subject, lineage, further: furtherBack(subject, lineage) }];
  });
  const asked = rows.flatMap(({ further }) => further);
  const docs = asked.length === 0 ? [] : await deps.store.getMany<AlertRecord>("alert", asked);
  let at = 0;
  return rows.map(({ subject, lineage, further }) => {
    const { state, records } = lineage;
    const [doc, ...before] = records;
    const former = [...before, ...docs.slice(at, at + further.length)].filter((one) => one !== undefined);
    at += further.length;
    const id = episodeId(subject.key.source, subject.key.fingerprint, state.opening);
    const seen = { subject, state, id, former: former.filter(isOpen) };
    return doc === undefined ? seen : { ...seen, doc };
  });
}

/** Stored episodes of the subject that its lineage does not reach back to. */
function furtherBack({ key, episodes = [] }: Subject, { state, records }: Lineage): readonly string[] {
  if (episodes.length === 0) return [];
  const ids = records.map((_, index) => episodeId(key.source, key.fingerprint, state.opening - index));
  return episodes.filter((id) => !ids.includes(id));
}

function isOpen(doc: Doc<AlertRecord>): boolean {
  return doc.body.state.status !== "resolved";
}
