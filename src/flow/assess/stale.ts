import type { SourceName } from "../../core/alert.ts";
import { formatDuration } from "../../core/duration.ts";
import type { AlertRecord, EpisodeState } from "../../core/episode.ts";
import type { Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { AssessDeps, Presence } from "./deps.ts";
import { nameOf } from "./lines.ts";

/** Questions put to sources in one pass, and at a time. */
const ASKED = 50;
const AT_ONCE = 8;

/** Sources that repeat what still fires; CloudWatch speaks on changes only, so its silence says nothing. */
export function canBeStale(source: SourceName): boolean {
  return source === "alertmanager" || source === "grafana";
}

type Stale = { record: AlertRecord; state: EpisodeState };

/**
 * Asks about episodes that no body has carried for `stale-after` whether their source still knows them. Those that are gone are
 * closed in the intake, and their ids returned; what cannot be told is written to the record, and said once.
 */
export async function askStale(deps: AssessDeps, records: readonly AlertRecord[]): Promise<ReadonlySet<string>> {
  const states = await deps.intake.states(records.map(keyOf));
  const now = await deps.store.now();
  const stale = records.flatMap((record, index) => {
    const state = states[index];
    return state !== undefined && isStale(record, state, now - deps.config.incidents.staleAfter)
      ? [{ record, state }]
      : [];
  });
  const vanished = new Set<string>();
  const asked = stale.slice(0, ASKED);
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    await Promise.all(asked.slice(at, at + AT_ONCE).map((one) => askOne(deps, one, { now, vanished })));
  }
  return vanished;
}

function keyOf({ source, alert }: AlertRecord): { source: SourceName; fingerprint: string } {
  return { source, fingerprint: alert.fingerprint };
}

function isStale(record: AlertRecord, state: EpisodeState, before: Instant): boolean {
  const isSame = state.opening === record.state.opening && state.status !== "resolved";
  const confirmed = record.stale?.answer === "firing" ? record.stale.askedAt : 0;
  return isSame && canBeStale(record.source) && Math.max(state.lastSeen, confirmed) <= before;
}

type Pass = { now: Instant; vanished: Set<string> };

async function askOne(deps: AssessDeps, { record, state }: Stale, { now, vanished }: Pass): Promise<void> {
  const answer = await presenceOf(deps, record);
  if (answer !== "gone") return remember(deps, record, { askedAt: now, answer }, now - state.lastSeen);
  if (await deps.intake.vanish(keyOf(record), state.opening)) vanished.add(record.id);
}

/** Grafana's own alerts are not in an Alertmanager that could be asked. */
async function presenceOf(deps: AssessDeps, record: AlertRecord): Promise<Presence> {
  if (record.source !== "alertmanager") return "unreadable";
  try {
    return await deps.stillFiring(record);
  } catch (error) {
    deps.log.warn({ err: error, alert: record.id }, "asking whether an alert still fires failed");
    return "unreadable";
  }
}

type Answer = { askedAt: Instant; answer: "firing" | "unreadable" };

async function remember(deps: AssessDeps, record: AlertRecord, stale: Answer, silence: Milliseconds): Promise<void> {
  if (stale.answer === "unreadable" && record.stale?.answer === "unreadable") return;
  const doc = await deps.store.get<AlertRecord>("alert", record.id);
  if (doc === undefined) return;
  const { id, incidentId } = record;
  const writes: Write[] = [{ write: "put", kind: "alert", id, body: { ...doc.body, stale } }];
  if (stale.answer === "unreadable" && incidentId !== undefined)
    writes.push(...unreadableLine(record, incidentId, { at: stale.askedAt, silence }));
  await deps.store.commit({ checks: [{ check: "rev", kind: "alert", id, rev: doc.rev }], writes });
}

function unreadableLine(
  record: AlertRecord,
  incidentId: string,
  { at, silence }: { at: Instant; silence: Milliseconds },
): readonly Write[] {
  const text = `${nameOf(record)} was last heard of ${formatDuration(silence)} ago, and ${record.source} cannot be asked whether it still fires`;
  return [
    { write: "append", list: `timeline:${incidentId}`, items: [{ at, kind: "alert", text, by: "stanch" }] },
    { write: "due", member: `chat:${incidentId}`, at },
  ];
}
