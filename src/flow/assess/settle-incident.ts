import type { AlertRecord } from "../../core/episode.ts";
import { explain, matchNotes } from "../../core/explain.ts";
import type { Incident } from "../../core/incident.ts";
import type { MatchIndex } from "../../core/match-index.ts";
import type { Doc, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import { type AssessDeps, type Extra, joinParts, type Part } from "./deps.ts";
import { changeIncident, type IncidentChange, worstFirst } from "./incident-change.ts";
import { incidentWrites, type Stored } from "./incident-writes.ts";
import type { Judged } from "./judge.ts";
import { changeLines, standingRemarks } from "./lines.ts";
import { closedRecord, recordOf, recordWrites } from "./record.ts";
import { resolveExtras } from "./resolve.ts";
import type { Entrant } from "./select.ts";
import type { IncidentCase } from "./sort.ts";
import { type Started, startRuns } from "./start-runs.ts";
import { compareEntries } from "./subject.ts";
import { waitingSet } from "./waiting.ts";

/** Standing remarks of one incident; what more there is to say stands with the alerts. */
const MAX_REMARKS = 50;

/**
 * What one pass knows besides the case: the new incident's id, what the store points to, and whether it is a re-assessment. The
 * incident may be one that a commit on its way leaves behind: `storedSoFar` waits until the store can be asked about it.
 */
export type IncidentPass = {
  now: Instant;
  id: string;
  pointer: string | undefined;
  again: boolean;
  storedSoFar(): Promise<unknown>;
};

/** The writes for one incident; `remarks` stand for now, whether or not the timeline had them already. */
export type SettledIncident = { part: Part; remarks: readonly string[] };

/** One incident's share of the commit: its records, itself, its sets, its timeline, its runs and its wake-ups. */
export async function settleIncident(
  deps: AssessDeps,
  one: IncidentCase,
  pass: IncidentPass,
): Promise<SettledIncident> {
  const change = changeIncident(one, pass);
  if (change.turn === "resolved" || change.raisedFrom !== undefined) await pass.storedSoFar();
  const judged = worstFirst([...one.joining, ...one.keeping]);
  const records = judged.map((each) => ({
    judged: each,
    next: concluded(deps.index(), each, { incident: change.incident, now: pass.now }),
  }));
  const entrants = records.filter(({ judged: each }) => mayEnter(change, { judged: each, again: pass.again }));
  const started = await start(deps, { change, entrants: entrants.map(entrantOf), now: pass.now });
  const remarks = [...standingRemarks(judged), ...started.remarks];
  const stored = storedOf(one, change, { started, remarks, pass });
  const written = [
    ...records.map(({ judged: each, next }) => recordWrites(each.seen.doc, next)),
    ...one.closing.map(({ doc, state }) => recordWrites(doc, closedRecord(doc.body, state))),
    leaveWaiting(one),
    incidentWrites(deps.config, stored),
    ...(await hooks(deps, change, { incident: stored.incident, now: pass.now })),
    started.part,
  ];
  return { part: joinParts(written), remarks };
}

function concluded(
  index: MatchIndex,
  { seen, facts, classified }: Judged,
  at: { incident: Incident; now: Instant },
): AlertRecord {
  const { incident, now } = at;
  const notes = matchNotes(index, seen.subject.alert.labels, { severity: incident.severity, on: "firing" });
  const explanation = explain({ at: now, facts, classified, incidentId: incident.id, notes });
  const assessment = notes.some((note) => note.matched) ? "matched" : "unmatched";
  return recordOf(seen, { assessment, explanation, incidentId: incident.id });
}

type Row = { judged: Judged; next: AlertRecord };

function entrantOf({ judged, next }: Row): Entrant {
  return { record: next, facts: judged.facts };
}

/** Who may select playbooks: new episodes, changed ones, and all when the severity rose or everything is looked at again. */
function mayEnter(
  { incident, raisedFrom }: IncidentChange,
  { judged, again }: { judged: Judged; again: boolean },
): boolean {
  if (incident.status === "resolved") return false;
  const { doc, subject } = judged.seen;
  const isNew = doc?.body.incidentId === undefined;
  return isNew || again || raisedFrom !== undefined || compareEntries(subject.entry, doc.body.entry) > 0;
}

type Starting = { change: IncidentChange; entrants: readonly Entrant[]; now: Instant };

async function start(deps: AssessDeps, { change, entrants, now }: Starting): Promise<Started> {
  if (change.turn === "resolved") return resolveExtras(deps, change.incident, now);
  return startRuns(deps, { incident: change.incident, entrants, on: "firing", now });
}

async function hooks(
  deps: AssessDeps,
  change: IncidentChange,
  at: { incident: Incident; now: Instant },
): Promise<readonly (Extra | Part)[]> {
  if (change.turn === "opened" || change.turn === "reopened") return [deps.openedPart(at.incident, at.now)];
  return change.raisedFrom === undefined ? [] : [await deps.raisedWrites(at.incident, change.raisedFrom, at.now)];
}

type Outcome = { started: Started; remarks: readonly string[]; pass: IncidentPass };

function storedOf(one: IncidentCase, change: IncidentChange, { started, remarks, pass }: Outcome): Stored {
  const said = change.turn === "reopened" ? [] : (change.before?.noted ?? []);
  const news = [...new Set(remarks)]
    .filter((remark) => !said.includes(remark))
    .slice(0, Math.max(0, MAX_REMARKS - said.length));
  const lines: readonly TimelineEntry[] = [
    ...changeLines(one, change, pass.now),
    ...news.map((text): TimelineEntry => ({ at: pass.now, kind: "plan", text, by: "stanch" })),
  ];
  const { incident } = started;
  return {
    one,
    change,
    incident: news.length === 0 ? incident : { ...incident, noted: [...said, ...news] },
    lines,
    ...pass,
  };
}

/** An episode that had no incident until now waits no longer by itself. */
function leaveWaiting({ joining, correlation }: IncidentCase): Extra {
  const members = joining.filter((one) => isRecorded(one.seen.doc)).map((one) => one.seen.id);
  const writes: Write[] = members.length === 0 ? [] : [{ write: "remove", set: waitingSet(correlation.key), members }];
  return { checks: [], writes };
}

function isRecorded(doc: Doc<AlertRecord> | undefined): boolean {
  return doc?.body.assessment === "none";
}
