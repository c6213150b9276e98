import type { Approval } from "../core/approval.ts";
import type { ChatState } from "../core/chat.ts";
import type { Config } from "../core/config.ts";
import { clockStart, type EscalationState, escalationStep, type Need } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import type { Lease } from "../core/lease.ts";
import { oneLine } from "../core/one-line.ts";
import type { Queue } from "../core/queue.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import { REVERT_FAILED } from "../core/run/undo-move.ts";
import type { Doc, Write } from "../core/store.ts";
import type { Task } from "../core/task.ts";
import type { Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import { docs, openTasks } from "./desk/incident-view.ts";
import { type Followed, lookAgain } from "./followed.ts";
import { leaseNeeds } from "./lease-needs.ts";
import { type PageDeps, sendPages } from "./page.ts";
import { POISON_KEY } from "./poison.ts";

export type EscalateDeps = PageDeps & { queue: Pick<Queue, "wake">; config: Pick<Config, "escalation"> };

/**
 * Calls people by the levels of `escalation:`. What a level says goes to the timeline with whom it calls, which the chat turns
 * into mentions; PagerDuty is called here. State and timeline change in one commit, so that any number of workers call once.
 */
export async function escalateIncident(deps: EscalateDeps, doc: Doc<Incident>): Promise<Followed> {
  if (deps.config.escalation.length === 0) return lookAgain();
  const { body: incident, rev } = doc;
  const known = await deps.store.get<EscalationState>("escalation", incident.id);
  const needs = await needsOf(deps, incident);
  if (!known && incident.status === "resolved" && needs.length === 0) return lookAgain();
  const now = await deps.store.now();
  const confirmed = await isConfirmed(deps, incident.id, known?.body);
  const step = escalationStep(deps.config.escalation, { incident, needs, confirmed, now }, known?.body);
  const state = { ...step.state, pages: pagesAfter(step.state, { incident, needs, now }) };
  if (JSON.stringify(state) !== JSON.stringify(known?.body)) {
    const lines: readonly TimelineEntry[] = step.call
      ? [{ at: now, kind: "escalation", text: step.call.text, by: "stanch", notify: step.call.notify }]
      : [];
    const committed = await deps.store.commit({
      checks: [
        { check: "rev", kind: "incident", id: incident.id, rev },
        { check: "rev", kind: "escalation", id: incident.id, rev: known?.rev ?? 0 },
      ],
      writes: [{ write: "put", kind: "escalation", id: incident.id, body: state }, ...lineWrites(incident.id, lines)],
    });
    if (committed.ok && step.call) await deps.queue.wake(`chat:${incident.id}`, now);
    return { changed: true };
  }
  const paged = await sendPages(deps, incident, { rev: known?.rev ?? 0, state });
  return paged.changed ? { changed: true } : lookAgain(step.next, paged.next);
}

function lineWrites(incident: string, lines: readonly TimelineEntry[]): readonly Write[] {
  if (lines.length === 0) return [];
  return [
    { write: "append", list: `timeline:${incident}`, items: lines },
    { write: "due", member: `chat:${incident}`, at: 0 },
  ];
}

/** A recovered incident that needs nobody any more ends its pages; one that was never sent is not sent at all, one on its way is ended after it. */
function pagesAfter(
  { pages }: EscalationState,
  { incident, needs, now }: { incident: Incident; needs: readonly Need[]; now: Instant },
): EscalationState["pages"] {
  if (incident.status !== "resolved" || needs.length > 0) return pages;
  const ended = Object.entries(pages).flatMap(([name, page]): [string, typeof page][] => {
    const { retryAt } = page;
    const isOnItsWay = retryAt !== undefined && page.failed !== true;
    if (page.event === "trigger")
      return isOnItsWay ? [[name, { event: "resolve", at: now, text: "resolved", retryAt }]] : [];
    if (page.event === "triggered") return [[name, { event: "resolve", at: now, text: "resolved" }]];
    return [[name, page]];
  });
  return Object.fromEntries(ended);
}

/** Whether the latest call has come through: PagerDuty took it, or the chat has posted it. */
async function isConfirmed(deps: EscalateDeps, id: string, state: EscalationState | undefined): Promise<boolean> {
  const call = state?.call;
  if (!state || !call) return false;
  if (Object.values(state.pages).some((page) => page.event === "triggered" && page.at >= call.at)) return true;
  if (!call.inChat) return false;
  const chat = await deps.store.get<ChatState>("chat", id);
  const shown = Math.max(chat?.body.announced ?? 0, chat?.body.delivered ?? 0);
  const waiting = await deps.store.list<TimelineEntry>(`timeline:${id}`, shown);
  return !waiting.some((entry) => entry.notify !== undefined && entry.at === call.at);
}

/** Of what a task asks, in a call; the task itself has the whole. */
const LONGEST_ASK = 200;

/** Everything that waits for a person, from the incident's approvals, runs, their tasks, and leases. */
async function needsOf(deps: EscalateDeps, incident: Incident): Promise<readonly Need[]> {
  const { id } = incident;
  const [approvals, leases] = await Promise.all([
    deps.store.members(`incident:${id}:approvals`).then((ids) => docs<Approval>(deps.store, "approval", ids)),
    deps.store.members(`incident:${id}:leases`).then((ids) => docs<Lease>(deps.store, "lease", ids)),
  ]);
  const reverting = leases.flatMap((lease) => (lease.status === "reverting" ? (lease.revertRun ?? []) : []));
  const runs = await loadRuns(deps, [...incident.runs, ...reverting]);
  const active = runs.filter((run) => run.ended === undefined).map((run) => run.created.id);
  const tasks = await openTasks(deps.store, new Set(active));
  return [
    ...runs.flatMap(unknownNeed),
    ...runs.flatMap((run) => revertNeed(incident, run)),
    ...leaseNeeds(leases, runs, await deps.store.now()),
    ...exhaustedNeed(incident),
    ...approvals.flatMap((approval) => approvalNeed(incident, approval)),
    ...tasks.map(taskNeed),
  ];
}

async function loadRuns({ store }: EscalateDeps, ids: readonly string[]): Promise<readonly Run[]> {
  const loaded = await Promise.all(ids.map((id) => store.loadRun(id)));
  return loaded.filter((one) => one.events.length > 0).map((one) => foldRun(one.events as readonly RunEvent[]));
}

function unknownNeed({ created, unknown, ended }: Run): readonly Need[] {
  if (!unknown || ended) return [];
  const key = `unknown ${created.id} ${unknown.path}`;
  return [{ kind: "unknown_outcome", key, text: `run ${created.id} waits for an answer: ${unknown.question}` }];
}

/** What a run could not undo is still in force: people are needed until the incident is over and somebody has acknowledged it since. */
function revertNeed({ status, acknowledged }: Incident, { created, ended }: Run): readonly Need[] {
  if (!ended?.reason.startsWith(REVERT_FAILED)) return [];
  if (status === "resolved" && acknowledged !== undefined && acknowledged.at >= ended.at) return [];
  const text = `run ${created.id} could not undo what it changed on ${created.target}: ${oneLine(ended.reason, LONGEST_ASK)}`;
  return [{ kind: "failed_revert", key: `revert ${created.id}`, text }];
}

function taskNeed({ id, ask }: Task): Need {
  return { kind: "task", key: `task ${id}`, text: `task ${id} waits: ${oneLine(ask, LONGEST_ASK)}` };
}

const UNASSESSED = "accepted alerts could not be assessed; look at the alerts with state poison";

function exhaustedNeed({ key, status, opening, severity, escalatedAt, raisedAt }: Incident): readonly Need[] {
  if (status !== "open" || escalatedAt === undefined) return [];
  const raised = raisedAt === undefined ? "" : ` ${severity}`;
  const text = key === POISON_KEY ? UNASSESSED : "no playbook is left to try";
  return [{ kind: "exhausted", key: `exhausted ${opening}${raised}`, text }];
}

/** An approval that nobody gave in time is a need as long as the incident is open and the policy says escalate. */
function approvalNeed(incident: Incident, approval: Approval): readonly Need[] {
  const { id, status, playbook, target, policy, requestedAt } = approval;
  const what = `${playbook} on ${target}`;
  if (status === "pending") return [{ kind: "approval", key: `approval ${id}`, text: `approval ${id} waits: ${what}` }];
  const lapsed = status === "expired" && policy.onExpiry === "escalate" && requestedAt >= clockStart(incident);
  if (!lapsed || incident.status !== "open") return [];
  return [{ kind: "expired", key: `expired ${id}`, text: `nobody decided ${id} in time: ${what}` }];
}
