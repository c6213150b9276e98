import type { Alert, AlertGroup } from "../../core/alert.ts";
import { type AlertRecord, episodeId } from "../../core/episode.ts";
import { messageOf } from "../../core/errors.ts";
import { explainUnlooked } from "../../core/explain.ts";
import { acknowledge, type IntakeEntry } from "../../core/intake.ts";
import type { Doc } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { CHUNK } from "./batches.ts";
import { type AssessDeps, joinParts } from "./deps.ts";
import { assessSubjects } from "./group.ts";
import { recordWrites } from "./record.ts";
import { newestSubjects, subjectsOfEntry } from "./subject.ts";

/** Deliveries after which an entry is given up and shown to people. */
export const MAX_DELIVERIES = 5;
const TRIES = 10;

/**
 * Assesses accepted bodies and acknowledges them with their last effect; applied twice, late or out of order they change nothing.
 * @throws whatever kept one of them from being assessed: it is handed out again, and becomes poison after 5 deliveries.
 */
export async function assessEntries(deps: AssessDeps, entries: readonly IntakeEntry[]): Promise<void> {
  const worn = entries.filter((entry) => entry.deliveries > MAX_DELIVERIES);
  for (const entry of worn) await poison(deps, entry);
  const good = entries.filter((entry) => entry.deliveries <= MAX_DELIVERIES);
  if (good.length === 0) return;
  const alerts = good.reduce((sum, entry) => sum + entry.changed.length, 0);
  deps.load.alerts += alerts;
  try {
    await assessGood(deps, good);
  } finally {
    deps.load.alerts -= alerts;
  }
}

async function assessGood(deps: AssessDeps, entries: readonly IntakeEntry[]): Promise<void> {
  await deps.turn();
  const by = deps.config.incidents.correlateBy;
  const subjects = newestSubjects(
    entries.flatMap((entry) => subjectsOfEntry(entry, deps.parse(entry.source, entry.body), by)),
  );
  const acks = entries.map(acknowledge);
  for (let at = 0; at < Math.max(1, subjects.length); at += CHUNK) {
    const isLast = at + CHUNK >= subjects.length;
    await assessSubjects(deps, subjects.slice(at, at + CHUNK), isLast ? { acks } : {});
  }
}

/** Shows an entry's alerts as `poison`, pages, and acknowledges it. */
async function poison(deps: AssessDeps, entry: IntakeEntry): Promise<void> {
  const { group, why } = parsed(deps, entry);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const now = await deps.store.now();
    const records = await poisonRecords(deps, entry, { group, why, now });
    const part = joinParts([
      ...records.map(({ doc, next }) => recordWrites(doc, next)),
      await deps.poisonWrites(
        records.map(({ next }) => next),
        now,
      ),
      { checks: [], writes: [acknowledge(entry)] },
    ]);
    if (!(await deps.store.commit(part)).ok) continue;
    for (const _ of records) deps.metrics.poisoned();
    deps.log.error(
      { entry: entry.id, source: entry.source, alerts: records.length, why },
      "an accepted body could not be assessed",
    );
    return;
  }
}

function parsed(deps: AssessDeps, entry: IntakeEntry): { group: AlertGroup | undefined; why: string } {
  try {
    return { group: deps.parse(entry.source, entry.body), why: `see the log for entry ${entry.id}` };
  } catch (error) {
    return { group: undefined, why: messageOf(error) };
  }
}

type Poison = { group: AlertGroup | undefined; why: string; now: Instant };
type Row = { doc: Doc<AlertRecord> | undefined; next: AlertRecord };

/** Records of the entry's episodes that were never assessed. */
async function poisonRecords(
  deps: AssessDeps,
  entry: IntakeEntry,
  { group, why, now }: Poison,
): Promise<readonly Row[]> {
  const { source } = entry;
  const states = await deps.intake.states(entry.changed.map((fingerprint) => ({ source, fingerprint })));
  const known = entry.changed.flatMap((fingerprint, index) => {
    const state = states[index];
    return state === undefined ? [] : [{ fingerprint, state, id: episodeId(source, fingerprint, state.opening) }];
  });
  const docs = await deps.store.getMany<AlertRecord>(
    "alert",
    known.map((one) => one.id),
  );
  const explanation = explainUnlooked(
    now,
    `It could not be assessed in ${MAX_DELIVERIES} deliveries (${why}); look at it by hand.`,
  );
  return known.flatMap(({ fingerprint, state, id }, index) => {
    const doc = docs[index];
    if (doc !== undefined) return [];
    const alert = { ...alertOf(group, fingerprint, now), status: state.status };
    const truncated = (group?.truncatedAlerts ?? 0) > 0;
    const next: AlertRecord = {
      id,
      source,
      alert,
      state,
      truncated,
      assessment: "poison",
      explanation,
      entry: entry.id,
    };
    return [{ doc, next }];
  });
}

function alertOf(group: AlertGroup | undefined, fingerprint: string, now: Instant): Alert {
  const found = group?.alerts.find((alert) => alert.fingerprint === fingerprint);
  return found ?? { fingerprint, status: "firing", labels: {}, annotations: {}, startsAt: now };
}
