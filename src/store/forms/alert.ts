import type { SourceName } from "../../core/alert.ts";
import { type AlertRecord, type EpisodeState, type Explanation, episodeId } from "../../core/episode.ts";
import type { Instant } from "../../core/time.ts";

/**
 * The stored form of an alert's record, the largest document there is of most: without what its id or its episode says already, and
 * without what is empty or false. `times`: opened, starts, last seen (where that is later than opened), ends.
 */
export type StoredAlert = Omit<AlertRecord, "source" | "alert" | "state" | "truncated" | "explanation"> & {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  url?: string;
  status: EpisodeState["status"];
  times: readonly [Instant, Instant, Instant?, Instant?];
  doubtful?: true;
  truncated?: true;
  explanation?: StoredExplanation;
};

type StoredExplanation = Pick<Explanation, "at" | "sentence"> & {
  facts?: Explanation["facts"];
  severity: readonly (readonly [number, string, Explanation["severity"][number]["answer"], string])[];
  /** Absent where it is that of the last rule. */
  level?: string;
  playbooks?: readonly (readonly [string, boolean, string])[];
};

/** The short form of a record; undefined where its parts contradict each other, so that nothing of it may be left out. */
export function storedAlert(record: AlertRecord): StoredAlert | undefined {
  if (!isConsistent(record)) return undefined;
  const { id, source: _, alert, state, truncated, explanation, ...rest } = record;
  const form: StoredAlert = {
    id,
    labels: alert.labels,
    annotations: alert.annotations,
    status: state.status,
    times: timesOf(state),
    ...rest,
  };
  if (alert.url !== undefined) form.url = alert.url;
  if (state.doubtful) form.doubtful = true;
  if (truncated) form.truncated = true;
  if (explanation !== undefined) form.explanation = storedExplanation(explanation);
  return form;
}

function isConsistent({ id, source, alert, state }: AlertRecord): boolean {
  if (alert === undefined || state === undefined) return false;
  const { status, startsAt, endsAt, opening } = state;
  const agrees = alert.status === status && alert.startsAt === startsAt && alert.endsAt === endsAt;
  return agrees && opening >= 0 && id === episodeId(source, alert.fingerprint, opening);
}

function timesOf({ openedAt, startsAt, lastSeen, endsAt }: EpisodeState): StoredAlert["times"] {
  if (endsAt !== undefined) return [openedAt, startsAt, lastSeen, endsAt];
  return lastSeen === openedAt ? [openedAt, startsAt] : [openedAt, startsAt, lastSeen];
}

function storedExplanation({ at, facts, severity, level, playbooks, sentence }: Explanation): StoredExplanation {
  const form: StoredExplanation = {
    at,
    severity: severity.map(({ rule, level: of, answer, reason }) => [rule, of, answer, reason] as const),
    sentence,
  };
  for (const _ in facts) {
    form.facts = facts;
    break;
  }
  if (level !== severity.at(-1)?.level) form.level = level;
  if (playbooks.length > 0)
    form.playbooks = playbooks.map(({ playbook, matched, reason }) => [playbook, matched, reason] as const);
  return form;
}

/** Whether a stored alert has the short form; what older versions stored is the record itself. */
export function isStoredAlert(body: object): body is StoredAlert {
  return "times" in body;
}

/** The record that a short form stands for. */
export function alertOf(form: StoredAlert): AlertRecord {
  const { labels, annotations, url, status, times, doubtful, truncated, explanation, id, ...rest } = form;
  const [openedAt, startsAt, lastSeen = openedAt, endsAt] = times;
  const { source, fingerprint, opening } = partsOf(id);
  const ends = endsAt === undefined ? {} : { endsAt };
  return {
    id,
    source,
    alert: { fingerprint, status, labels, annotations, startsAt, ...ends, ...(url === undefined ? {} : { url }) },
    state: { status, opening, openedAt, lastSeen, startsAt, ...ends, doubtful: doubtful ?? false },
    truncated: truncated ?? false,
    ...rest,
    ...(explanation === undefined ? {} : { explanation: explanationOf(explanation) }),
  };
}

/** The inverse of `episodeId`: a source's name has no dash in it, a fingerprint may have. */
function partsOf(id: string): { source: SourceName; fingerprint: string; opening: number } {
  const first = id.indexOf("-");
  const last = id.lastIndexOf("-");
  return {
    source: id.slice(0, first) as SourceName,
    fingerprint: id.slice(first + 1, last),
    opening: Number(id.slice(last + 1)),
  };
}

function explanationOf({ at, facts, severity, level, playbooks, sentence }: StoredExplanation): Explanation {
  return {
    at,
    facts: facts ?? {},
    severity: severity.map(([rule, of, answer, reason]) => ({ rule, level: of, answer, reason })),
    level: level ?? severity.at(-1)?.[1] ?? "none",
    playbooks: (playbooks ?? []).map(([playbook, matched, reason]) => ({ playbook, matched, reason })),
    sentence,
  };
}
