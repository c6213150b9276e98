import { type Approval, VALID_FOR } from "../core/approval.ts";
import { formatDuration } from "../core/duration.ts";
import type { AlertRecord } from "../core/episode.ts";
import type { Incident } from "../core/incident.ts";
import { type Lease, standingRevert } from "../core/lease.ts";
import { redact, redactText } from "../core/redact.ts";
import type { Pause } from "../core/store.ts";
import type { Task } from "../core/task.ts";
import { type Instant, isoTime } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import type { IncidentView, Page, RunView } from "../core/views.ts";

/** A time of the API: ISO 8601 in UTC, null where there is none. */
function time(at: Instant | undefined): string | null {
  return at === undefined ? null : isoTime(at);
}

/** `{"items": […], "next": cursor}`; `next` is null on the last page. */
export function renderPage<T>(page: Page<T>, render: (item: T) => unknown): unknown {
  return { items: page.items.map(render), next: page.next ?? null };
}

/** Incident of the contract, with its episodes, runs and leases as they are shown by themselves. */
export function renderIncident(view: IncidentView): unknown {
  return {
    ...incidentFields(view.incident),
    firing: view.firing,
    total: view.total,
    episodes: view.episodes.map(renderAlert),
    runs: view.runs.map(renderRun),
    approvals: view.approvals.map(renderApproval),
    leases: view.leases.map(renderLease),
    paused: view.paused.map(({ scope, by, reason }) => ({ scope, by, reason })),
    timelineLength: view.timelineLength,
  };
}

function incidentFields(incident: Incident): object {
  const { acknowledged, taken } = incident;
  return {
    id: incident.id,
    key: incident.key,
    title: incident.title,
    severity: incident.severity,
    status: incident.status,
    labels: incident.labels,
    opening: incident.opening,
    startedAt: time(incident.startedAt),
    openedAt: time(incident.openedAt),
    resolvedAt: time(incident.resolvedAt),
    escalatedAt: time(incident.escalatedAt),
    acknowledged: acknowledged
      ? { by: acknowledged.by, at: time(acknowledged.at), until: time(acknowledged.until) }
      : null,
    taken: renderAct(taken),
  };
}

/** One episode: what its source last said of it, and what assessment made of it. */
export function renderAlert(record: AlertRecord): unknown {
  const { alert, state, explanation } = record;
  return {
    id: record.id,
    source: record.source,
    fingerprint: alert.fingerprint,
    status: state.status,
    state: record.assessment,
    labels: alert.labels,
    annotations: redact(alert.annotations),
    url: alert.url ?? null,
    opening: state.opening,
    openedAt: time(state.openedAt),
    lastSeen: time(state.lastSeen),
    startsAt: time(state.startsAt),
    endsAt: time(state.endsAt),
    doubtful: state.doubtful,
    truncated: record.truncated,
    incidentId: record.incidentId ?? null,
    explanation: explanation === undefined ? null : { ...explanation, at: time(explanation.at) },
  };
}

/** Runs come with their times written out already. */
export function renderRun(run: RunView): unknown {
  return { ...run, incidentId: run.incidentId ?? null, runbook: run.runbook ?? null, endedAt: run.endedAt ?? null };
}

/** Its steps are as people see them before they agree; inputs are redacted already. */
export function renderApproval(approval: Approval): unknown {
  return {
    ...approval,
    incidentId: approval.incidentId ?? null,
    runbook: approval.runbook ?? null,
    offersKeep: approval.offersKeep ?? false,
    policy: renderPolicy(approval.policy),
    votes: approval.votes.map((vote) => ({ ...vote, at: time(vote.at) })),
    requestedAt: time(approval.requestedAt),
    expiresAt: time(approval.expiresAt),
    remindedAt: time(approval.remindedAt),
    decidedAt: time(approval.decidedAt),
    vetoEndsAt: time(approval.vetoEndsAt),
  };
}

/** Durations as they are written in a playbook. */
function renderPolicy({ expires, validFor, veto, ...policy }: Approval["policy"]): object {
  return {
    ...policy,
    expires: formatDuration(expires),
    // Approvals that are older than the setting have none.
    validFor: formatDuration(validFor ?? VALID_FOR),
    veto: veto === undefined ? null : formatDuration(veto),
  };
}

/** Says in words how the lease is undone; the input of the undoing step may hold what must not be shown, and some only serves the engine. */
export function renderLease(lease: Lease): unknown {
  const { undo, field: _field, heldAt: _heldAt, lookedAt: _lookedAt, order: _order, ...shown } = lease;
  return {
    ...shown,
    uses: undo.uses,
    incidentId: lease.incidentId ?? null,
    revertRun: lease.revertRun ?? null,
    extendedBy: lease.extendedBy ?? [],
    createdAt: time(lease.createdAt),
    endsAt: time(lease.endsAt),
    heldSince: time(lease.heldSince),
    revertedBy: renderAct(standingRevert(lease)),
    keptBy: renderAct(lease.keptBy),
  };
}

/** Who did something, and when. */
function renderAct(act: { by: string; at: Instant } | undefined): object | null {
  return act === undefined ? null : { by: act.by, at: time(act.at) };
}

/** Something a person is asked to do. */
export function renderTask(task: Task): unknown {
  return {
    ...task,
    incidentId: task.incidentId ?? null,
    createdAt: time(task.createdAt),
    doneAt: time(task.doneAt),
    withdrawnAt: time(task.withdrawnAt),
    by: task.by ?? null,
    answer: task.answer ?? null,
  };
}

/** `until` is null when it lasts until somebody resumes. */
export function renderPause(pause: Pause): unknown {
  return { ...pause, at: time(pause.at), until: time(pause.until) };
}

/** `seq` is the line's place in the timeline, from 0. */
export function renderEntry(entry: TimelineEntry, seq: number): unknown {
  return { seq, ...entry, text: redactText(entry.text), at: time(entry.at), runId: entry.runId ?? null };
}
