import { type AlertRecord, type EpisodeState, episodeId } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Doc } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
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

/** The episodes at one moment. */
export type Sight = { now: Instant; seen: readonly Seen[] };

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

/** Reads states and records of the subjects in two round trips. */
export async function lookAtEpisodes(deps: AssessDeps, subjects: readonly Subject[]): Promise<Sight> {
  const [now, states] = await Promise.all([
    deps.store.now(),
    deps.intake.states(subjects.map((subject) => subject.key)),
  ]);
  return { now, seen: await readSeen(deps, subjects, states) };
}

/** Adds the incidents that the subjects belong to or would join; in one round trip, or none while they are known. */
export async function lookAtIncidents(deps: AssessDeps, subjects: readonly Subject[], sight: Sight): Promise<Scene> {
  const keys = [...new Set(subjects.map((subject) => subject.correlation.key))];
  const current = await pointers(deps, keys, (key) => deps.current.get(key));
  const joined = sight.seen.flatMap((one) => [one.doc, ...one.former]).flatMap((doc) => doc?.body.incidentId ?? []);
  const incidents = await readIncidents(deps, [...current.values(), ...joined]);
  return verified(deps, { ...sight, incidents, current });
}

/** Drops what this process remembers of the subjects' keys: after a conflict the store is asked again. */
export function forget(deps: AssessDeps, subjects: readonly Subject[]): void {
  for (const subject of subjects) deps.current.delete(subject.correlation.key);
}

async function pointers(
  deps: AssessDeps,
  keys: readonly string[],
  known: (key: string) => string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const asked: Promise<void>[] = [];
  const note = (key: string, id: string | undefined): void => void (id !== undefined && found.set(key, id));
  for (const key of keys) {
    const id = known(key);
    if (id !== undefined) found.set(key, id);
    else asked.push(deps.store.field(CURRENT, key).then((answer) => note(key, answer)));
  }
  if (asked.length > 0) await Promise.all(asked);
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
  const asked = await pointers(deps, stale, () => undefined);
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
  states: readonly (EpisodeState | undefined)[],
): Promise<readonly Seen[]> {
  const known = subjects.flatMap((subject, index) => {
    const state = states[index];
    return state === undefined ? [] : [{ subject, state, ids: idsOf(subject, state.opening) }];
  });
  const docs = await deps.store.getMany<AlertRecord>(
    "alert",
    known.flatMap((one) => one.ids),
  );
  let at = 0;
  return known.map(({ subject, state, ids }) => {
    const [doc, ...former] = docs.slice(at, at + ids.length);
    at += ids.length;
    const seen = { subject, state, id: ids[0] ?? "", former: former.filter((one) => one !== undefined).filter(isOpen) };
    return doc === undefined ? seen : { ...seen, doc };
  });
}

/** The present episode first. */
function idsOf({ key, episodes = [] }: Subject, opening: number): readonly string[] {
  const back = Math.min(opening, LOOK_BACK + 1);
  const ids = Array.from({ length: back }, (_, index) => episodeId(key.source, key.fingerprint, opening - index));
  return [...ids, ...episodes.filter((id) => !ids.includes(id))];
}

function isOpen(doc: Doc<AlertRecord>): boolean {
  return doc.body.state.status !== "resolved";
}
