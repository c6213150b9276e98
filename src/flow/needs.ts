import type { Approval } from "../core/approval.ts";
import { clockStart, type Need } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import type { Lease } from "../core/lease.ts";
import { oneLine } from "../core/one-line.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import { REVERT_FAILED } from "../core/run/undo-move.ts";
import type { Store } from "../core/store.ts";
import type { Task } from "../core/task.ts";
import { docs, openTasks } from "./desk/incident-view.ts";
import { leaseNeeds } from "./lease-needs.ts";
import { POISON_KEY } from "./poison.ts";

type NeedDeps = { store: Store };

/** Of what a task asks, in a call; the task itself has the whole. */
const LONGEST_ASK = 200;

/** Everything that waits for a person, from the incident's approvals, runs, their tasks, and leases. */
export async function needsOf(deps: NeedDeps, incident: Incident): Promise<readonly Need[]> {
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

async function loadRuns({ store }: NeedDeps, ids: readonly string[]): Promise<readonly Run[]> {
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

function exhaustedNeed(incident: Incident): readonly Need[] {
  const { status, opening, severity, escalatedAt, escalatedFor, raisedAt } = incident;
  if (status !== "open" || escalatedAt === undefined) return [];
  const raised = raisedAt === undefined ? "" : ` ${severity}`;
  const text = incident.key === POISON_KEY ? UNASSESSED : "no playbook is left to try";
  const key = escalatedFor === undefined ? `exhausted ${opening}${raised}` : lapsedKey(escalatedFor);
  return [{ kind: "exhausted", key, text }];
}

function lapsedKey(approval: string): string {
  return `expired ${approval}`;
}

/** Nobody has decided it in time, and its policy calls people then. */
function hasCalled({ status, policy }: Approval): boolean {
  return status === "expired" && policy.onExpiry === "escalate";
}

/** By run: the approvals of an incident whose lapse has called people. */
export async function lapsedOf({ store }: NeedDeps, incident: string): Promise<ReadonlyMap<string, string>> {
  const ids = await store.members(`incident:${incident}:approvals`);
  const approvals = await docs<Approval>(store, "approval", ids);
  return new Map(approvals.filter(hasCalled).map(({ runId, id }) => [runId, id]));
}

/** An approval that nobody gave in time is a need as long as the incident is open and the policy says escalate. */
function approvalNeed(incident: Incident, approval: Approval): readonly Need[] {
  const { id, status, playbook, target, requestedAt } = approval;
  const what = `${playbook} on ${target}`;
  if (status === "pending") return [{ kind: "approval", key: `approval ${id}`, text: `approval ${id} waits: ${what}` }];
  if (!hasCalled(approval) || requestedAt < clockStart(incident) || incident.status !== "open") return [];
  return [{ kind: "expired", key: lapsedKey(id), text: `nobody decided ${id} in time: ${what}` }];
}
