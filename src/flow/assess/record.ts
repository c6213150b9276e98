import type { Alert } from "../../core/alert.ts";
import type { AlertRecord, Assessment, EpisodeState, Explanation } from "../../core/episode.ts";
import type { Doc, Write } from "../../core/store.ts";
import type { Extra } from "./deps.ts";
import type { Seen } from "./look.ts";
import { compareEntries } from "./subject.ts";

/** What assessment concluded about one episode. */
export type Conclusion = { assessment: Assessment; explanation: Explanation; incidentId?: string };

/** The record of an episode after an assessment; text of an older stream entry never replaces newer text. */
export function recordOf(seen: Seen, conclusion: Conclusion): AlertRecord {
  const { subject, state, id, doc } = seen;
  const old = doc?.body;
  const keepsText = old !== undefined && compareEntries(subject.entry, old.entry) < 0;
  const text = keepsText ? old : subject;
  return {
    id,
    source: subject.key.source,
    alert: withState(text.alert, state),
    state,
    truncated: text.truncated,
    ...conclusion,
    ...staleOf(old, state),
    entry: text.entry,
  };
}

/** Once a body carries the alert again, what was asked about it is over. */
function staleOf(old: AlertRecord | undefined, state: EpisodeState): Pick<AlertRecord, "stale"> {
  return old?.stale !== undefined && state.lastSeen <= old.stale.askedAt ? { stale: old.stale } : {};
}

/** The record of an episode that has ended; what was concluded of it stays. */
export function closedRecord(old: AlertRecord, state: EpisodeState): AlertRecord {
  const { stale: _, ...rest } = old;
  return { ...rest, alert: withState(old.alert, state), state };
}

/** The alert's own word for status and times is one moment's; the episode's state is what counts. */
function withState(
  { fingerprint, labels, annotations, url }: Alert,
  { status, startsAt, endsAt }: EpisodeState,
): Alert {
  const alert: Alert = { fingerprint, status, labels, annotations, startsAt };
  if (endsAt !== undefined) alert.endsAt = endsAt;
  if (url !== undefined) alert.url = url;
  return alert;
}

/** The writes that bring a record from `doc` to `next`; none when nothing people can see has changed. */
export function recordWrites(doc: Doc<AlertRecord> | undefined, next: AlertRecord): Extra {
  const old = doc?.body;
  if (old !== undefined && gist(old) === gist(next)) return { checks: [], writes: [] };
  const { id, assessment, state } = next;
  const writes: Write[] = [{ write: "put", kind: "alert", id, body: next }];
  if (old?.assessment !== assessment) {
    if (old) writes.push({ write: "unindex", index: `alerts:${old.assessment}`, member: id });
    writes.push({ write: "index", index: `alerts:${assessment}`, member: id, score: state.openedAt });
  }
  return { checks: [{ check: "rev", kind: "alert", id, rev: doc?.rev ?? 0 }], writes };
}

/** What makes a record worth writing again; measured values and times of sight alone do not. */
function gist({ entry, assessment, incidentId, state, explanation, stale }: AlertRecord): string {
  const answers = explanation?.severity.map((row) => row.answer);
  const notes = explanation?.playbooks.map((note) => [note.playbook, note.matched, note.reason]);
  const { status, doubtful, startsAt } = state;
  return JSON.stringify([
    entry,
    assessment,
    incidentId,
    status,
    doubtful,
    startsAt,
    explanation?.level,
    answers,
    notes,
    stale,
  ]);
}
