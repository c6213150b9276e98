import { type SourceName, tellsChanges } from "../../core/alert.ts";
import { formatDuration } from "../../core/duration.ts";
import type { AlertRecord, EpisodeState } from "../../core/episode.ts";
import type { Doc, Tx, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import type { AssessDeps, Presence } from "./deps.ts";
import { isWorthALine, listed, nameOf } from "./lines.ts";

/** Questions put to sources in one pass, and at a time. */
const ASKED = 50;
const AT_ONCE = 8;

/** Of a source that speaks on changes only, silence says nothing. */
export function canBeStale(source: SourceName): boolean {
  return !tellsChanges(source);
}

type Stale = { record: AlertRecord; state: EpisodeState };

/** Alerts of one look that nobody can be asked about, counted by incident and source: in a storm there are thousands. */
export type Unreadable = Map<string, number>;

/**
 * Asks about episodes that no body has carried for `stale-after` whether their source still knows them. Those that are gone are
 * closed in the intake, and their ids returned; what cannot be told is written to the record, and said once. `unreadable` goes on
 * counting over the portions of one look.
 */
export async function askStale(
  deps: AssessDeps,
  records: readonly AlertRecord[],
  unreadable: Unreadable = new Map(),
): Promise<ReadonlySet<string>> {
  const states = await deps.intake.states(records.map(keyOf));
  const now = await deps.store.now();
  const stale = records.flatMap((record, index) => {
    const state = states[index];
    return state !== undefined && isStale(record, state, now - deps.config.incidents.staleAfter)
      ? [{ record, state }]
      : [];
  });
  for (const record of records.filter(isUnreadable)) count(unreadable, tallyKey(record), 1);
  const pass: Pass = { now, vanished: new Set(), unreadable: [] };
  // Those that nobody could be asked about come last, or they would keep the others from being asked at all.
  const asked = stale
    .toSorted((a, b) => Number(isUnreadable(a.record)) - Number(isUnreadable(b.record)))
    .slice(0, ASKED);
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    await Promise.all(asked.slice(at, at + AT_ONCE).map((one) => askOne(deps, one, pass)));
  }
  await rememberUnreadable(deps, pass, unreadable);
  return pass.vanished;
}

function isUnreadable({ stale }: AlertRecord): boolean {
  return stale?.answer === "unreadable";
}

function tallyKey({ incidentId = "", source }: AlertRecord): string {
  return `${incidentId} ${source}`;
}

/** Adds to a count; what it was before. */
function count(tally: Unreadable, key: string, more: number): number {
  const before = tally.get(key) ?? 0;
  tally.set(key, before + more);
  return before;
}

function keyOf({ source, alert }: AlertRecord): { source: SourceName; fingerprint: string } {
  return { source, fingerprint: alert.fingerprint };
}

function isStale(record: AlertRecord, state: EpisodeState, before: Instant): boolean {
  const isSame = state.opening === record.state.opening && state.status !== "resolved";
  const confirmed = record.stale?.answer === "firing" ? record.stale.askedAt : 0;
  return isSame && canBeStale(record.source) && Math.max(state.lastSeen, confirmed) <= before;
}

type Pass = { now: Instant; vanished: Set<string>; unreadable: Stale[] };

async function askOne(deps: AssessDeps, one: Stale, { now, vanished, unreadable }: Pass): Promise<void> {
  const { record, state } = one;
  const answer = await presenceOf(deps, record);
  if (answer === "firing") return rememberFiring(deps, record, now);
  if (answer === "unreadable") return void (isUnreadable(record) || unreadable.push(one));
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

async function rememberFiring(deps: AssessDeps, { id }: AlertRecord, askedAt: Instant): Promise<void> {
  const doc = await deps.store.get<AlertRecord>("alert", id);
  if (doc !== undefined) await deps.store.commit(marked([doc], { askedAt, answer: "firing" }));
}

function marked(docs: readonly Doc<AlertRecord>[], stale: NonNullable<AlertRecord["stale"]>): Tx {
  return {
    checks: docs.map(({ body, rev }) => ({ check: "rev", kind: "alert", id: body.id, rev })),
    writes: docs.map(({ body }) => ({ write: "put", kind: "alert", id: body.id, body: { ...body, stale } })),
  };
}

/** The records and what is said of them in one commit. */
async function rememberUnreadable(
  deps: AssessDeps,
  { now, unreadable: found }: Pass,
  tally: Unreadable,
): Promise<void> {
  if (found.length === 0) return;
  const ids = found.map(({ record }) => record.id);
  const docs = (await deps.store.getMany<AlertRecord>("alert", ids)).filter((doc) => doc !== undefined);
  const { checks, writes } = marked(docs, { askedAt: now, answer: "unreadable" });
  const lines: Write[] = [];
  for (const [key, rows] of Map.groupBy(found, ({ record }) => tallyKey(record))) {
    const before = count(tally, key, rows.length);
    if (isWorthALine(before, before + rows.length)) lines.push(...unreadableLine(rows, now));
  }
  await deps.store.commit({ checks, writes: [...writes, ...lines] });
}

function unreadableLine(rows: readonly Stale[], now: Instant): readonly Write[] {
  const { incidentId, source } = rows[0]?.record ?? {};
  if (incidentId === undefined) return [];
  const silence = formatDuration(now - Math.max(...rows.map(({ state }) => state.lastSeen)));
  const names = listed(rows.map(({ record }) => nameOf(record)));
  const text =
    rows.length === 1
      ? `${names} was last heard of ${silence} ago, and ${source} cannot be asked whether it still fires`
      : `${names} were last heard of ${silence} ago or longer, and ${source} cannot be asked whether they still fire`;
  return [
    { write: "append", list: `timeline:${incidentId}`, items: [{ at: now, kind: "alert", text, by: "stanch" }] },
    { write: "due", member: `chat:${incidentId}`, at: now },
  ];
}
