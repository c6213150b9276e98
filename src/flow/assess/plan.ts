import type { AlertGroup } from "../../core/alert.ts";
import { raised } from "../../core/classify.ts";
import { correlate } from "../../core/correlate.ts";
import { type AlertRecord, type EpisodeState, episodeId } from "../../core/episode.ts";
import { explain, matchNotes } from "../../core/explain.ts";
import type { Incident } from "../../core/incident.ts";
import type { Severity } from "../../core/severity.ts";
import type { Instant } from "../../core/time.ts";
import type { AssessDeps } from "./deps.ts";
import type { Facts } from "./facts.ts";
import { changeIncident } from "./incident-change.ts";
import { type Judged, judge } from "./judge.ts";
import { lookAtEpisodes, lookAtIncidents, type Scene, type Seen } from "./look.ts";
import { type Candidate, laddersFor, nextRung } from "./select.ts";
import { type IncidentCase, sort } from "./sort.ts";
import type { Subject } from "./subject.ts";

/** Stands for the id of an incident that does not exist. */
const NEW = "inc-new";

/** One alert of a planned body; `incidentKey` is absent where no incident would be concerned. */
export type PlannedAlert = { record: AlertRecord; incidentKey?: string };

/** A run that the body would start; the caller renders its steps. */
export type PlannedRun = { incident: Incident; candidate: Candidate; severity: Severity; facts: Facts };

/** `remarks`: why playbooks that match would not run. */
export type PlannedGroup = {
  now: Instant;
  alerts: readonly PlannedAlert[];
  runs: readonly PlannedRun[];
  remarks: readonly string[];
};

/**
 * What would become of a body now: severity, incident, matching playbooks and the runs to start, for each alert as if its
 * episode opened or goes on. Reads the store and queries facts; stores nothing.
 */
export async function assessPlan(deps: AssessDeps, group: AlertGroup): Promise<PlannedGroup> {
  const by = deps.config.incidents.correlateBy;
  const subjects = group.alerts.map<Subject>((alert) => ({
    key: { source: group.source, fingerprint: alert.fingerprint },
    alert,
    correlation: correlate(alert.labels, by),
    truncated: group.truncatedAlerts > 0,
    entry: "0-0",
  }));
  const scene = await supposed(deps, subjects);
  const judged = await judge(deps, scene, new Map());
  const cases = sort(scene, judged, { reopenWithin: deps.config.incidents.reopenWithin, vanished: new Set() });
  const incidents = cases.incidents.map((one) => ({ one, incident: incidentOf(one, scene.now) }));
  const rows = incidents.flatMap(({ one, incident }) =>
    [...one.joining, ...one.keeping].map((each) => [each, incident] as const),
  );
  const alerts = new Map(
    rows.map(([each, incident]) => [each, plannedAlert(deps, each, { incident, now: scene.now })]),
  );
  const planned = incidents.map(({ one, incident }) => plannedRuns(deps, { one, incident, alerts, now: scene.now }));
  const runs = planned.flatMap((each) => each.runs);
  const remarks = planned.flatMap((each) => each.remarks);
  const all = judged.map((each) => alerts.get(each) ?? plannedAlert(deps, each, { now: scene.now }));
  return { now: scene.now, alerts: [...all, ...scene.seen.filter(isClosed).map(closedAlert)], runs, remarks };
}

/** The scene as accept would leave it: a firing alert is an open episode, a resolved one is closed. */
async function supposed(deps: AssessDeps, subjects: readonly Subject[]): Promise<Scene> {
  const scene = await lookAtIncidents(deps, subjects, { sight: await lookAtEpisodes(deps, subjects) });
  const known = new Map(scene.seen.map((seen) => [seen.subject, seen]));
  const seen = subjects.map((subject) => supposedSeen(subject, known.get(subject), scene.now));
  return { ...scene, seen };
}

function supposedSeen(subject: Subject, known: Seen | undefined, now: Instant): Seen {
  const { status, startsAt } = subject.alert;
  const isOpen = known !== undefined && known.state.status !== "resolved";
  if (isOpen && status !== "resolved") return known;
  const opening = (known?.state.opening ?? 0) + (status === "resolved" ? 0 : 1);
  const state: EpisodeState = { status, opening, openedAt: now, lastSeen: now, startsAt, doubtful: false };
  const id = episodeId(subject.key.source, subject.key.fingerprint, opening);
  return { subject, id, state, former: [] };
}

function incidentOf(one: IncidentCase, now: Instant): Incident {
  return changeIncident(one, { id: one.known?.body.id ?? NEW, now }).incident;
}

function plannedAlert(
  deps: AssessDeps,
  { seen, facts, classified }: Judged,
  at: { incident?: Incident; now: Instant },
): PlannedAlert {
  const { incident, now } = at;
  const { subject, id, state } = seen;
  const severity = incident?.severity ?? raised(undefined, classified.level);
  const notes =
    severity === undefined ? [] : matchNotes(deps.index(), subject.alert.labels, { severity, on: "firing" });
  const assessment = incident === undefined ? "none" : notes.some((note) => note.matched) ? "matched" : "unmatched";
  const ofIncident = incident === undefined ? {} : { incidentId: incident.id };
  const explained = explain({ at: now, facts, classified, notes, ...ofIncident });
  const sentence = explained.sentence.replace(`part of ${NEW}`, "part of a new incident");
  const explanation = { ...explained, sentence };
  const { alert, key, truncated, entry } = subject;
  const record: AlertRecord = {
    id,
    source: key.source,
    alert,
    state,
    truncated,
    assessment,
    explanation,
    entry,
    ...ofIncident,
  };
  return incident === undefined ? { record } : { record, incidentKey: incident.key };
}

type Planning = { one: IncidentCase; incident: Incident; alerts: ReadonlyMap<Judged, PlannedAlert>; now: Instant };

function plannedRuns(
  deps: AssessDeps,
  { one, incident, alerts, now }: Planning,
): Pick<PlannedGroup, "runs" | "remarks"> {
  const entrants = [...one.joining, ...one.keeping].flatMap((each) => {
    const planned = alerts.get(each);
    return planned === undefined ? [] : [{ record: planned.record, facts: each.facts }];
  });
  const { severity } = incident;
  const { targets, refusals } = laddersFor(deps.index(), entrants, {
    incident,
    occasion: { severity, on: "firing" },
    now,
  });
  const { ladders = {} } = incident;
  const untried = [...targets].filter(([target]) => !Object.hasOwn(ladders, target));
  const runs = untried.flatMap(([, candidates]) => {
    const candidate = nextRung(candidates, new Set());
    return candidate === undefined
      ? []
      : [{ incident, candidate, severity, facts: candidate.entrants[0]?.facts ?? {} }];
  });
  const begun = [...targets.keys()]
    .filter((target) => Object.hasOwn(ladders, target))
    .map(
      (target) =>
        `${target}: ${incident.id} has ${ladders[target]} there; another playbook follows only if that does not help`,
    );
  return { runs, remarks: [...refusals, ...begun] };
}

function isClosed(seen: Seen): boolean {
  return seen.state.status === "resolved";
}

function closedAlert({ subject, id, state }: Seen): PlannedAlert {
  const { alert, key, truncated, entry } = subject;
  return { record: { id, source: key.source, alert, state, truncated, assessment: "none", entry } };
}
