import type { Approval } from "../../core/approval.ts";
import type { AlertRecord } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Lease } from "../../core/lease.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { foldRun } from "../../core/run/run.ts";
import type { DocKind, Store } from "../../core/store.ts";
import type { Task } from "../../core/task.ts";
import type { Instant } from "../../core/time.ts";
import type { IncidentView, RunView } from "../../core/views.ts";
import { runView } from "../run-view.ts";

/** Alerts shown in full; `firing` and `total` count all. */
const SHOWN = 50;

/** Everything people see of one incident now; undefined when there is none. Reads only. */
export async function incidentView(store: Store, id: string): Promise<IncidentView | undefined> {
  const doc = await store.get<Incident>("incident", id);
  if (!doc) return undefined;
  const incident = doc.body;
  const [shown, firing, total, leaseIds, timelineLength, pauses, readAt] = await Promise.all([
    shownEpisodes(store, incident),
    store.size(`incident:${id}:firing`),
    store.size(`incident:${id}:episodes`),
    store.members(`incident:${id}:leases`),
    store.length(`timeline:${id}`),
    store.pauses(),
    store.now(),
  ]);
  const runs = await runViews(store, incident.runs);
  return {
    incident: { ...incident, leases: leaseIds },
    episodes: await docs<AlertRecord>(store, "alert", shown),
    firing,
    total,
    runs,
    approvals: await approvalsOf(store, id),
    leases: (await docs<Lease>(store, "lease", leaseIds)).toSorted((a, b) => a.createdAt - b.createdAt),
    timelineLength,
    paused: pauses.filter((pause) => covers(pause.scope, incident, runs)),
    readAt,
    ...restOf(incident, readAt),
    tasks: await tasksOf(store, runs),
  };
}

/** An acknowledgement ends by its time, or ahead of it where something new calls people (section 14.8). */
function restOf({ acknowledged }: Incident, now: Instant): { restsUntil?: Instant } {
  return acknowledged !== undefined && now < acknowledged.until ? { restsUntil: acknowledged.until } : {};
}

/** Beyond this many members a set is not read whole for the few that are shown. */
const READ_WHOLE = 2_000;

/** The episodes to show, open ones first; which ones is stable unless there are thousands. */
async function shownEpisodes(store: Store, { id }: Incident): Promise<readonly string[]> {
  const firing = await store.some(`incident:${id}:firing`, READ_WHOLE);
  if (firing.length >= SHOWN) return firing.toSorted().slice(0, SHOWN);
  const all = await store.some(`incident:${id}:episodes`, READ_WHOLE);
  const open = new Set(firing);
  return [...firing.toSorted(), ...all.filter((episode) => !open.has(episode)).toSorted()].slice(0, SHOWN);
}

/** Open tasks looked through for those of some runs. */
const TASKS_READ = 200;

async function tasksOf(store: Store, runs: readonly RunView[]): Promise<readonly Task[]> {
  const active = new Map(runs.filter((run) => run.endedAt === undefined).map((run) => [run.id, run]));
  const open = await openTasks(store, new Set(active.keys()));
  return open.map((task) => ({ ...task, ...incidentOf(active.get(task.runId)) })).toReversed();
}

/**
 * What these runs wait for people to do, newest first; a task knows its run only, and one whose run has ended is of no use any
 * more.
 */
export async function openTasks(
  store: Pick<Store, "page" | "getMany">,
  activeRuns: ReadonlySet<string>,
): Promise<readonly Task[]> {
  if (activeRuns.size === 0) return [];
  const { members } = await store.page("tasks:open", { limit: TASKS_READ });
  return (await docs<Task>(store, "task", members)).filter((task) => activeRuns.has(task.runId));
}

function incidentOf(run: RunView | undefined): { incidentId?: string } {
  return run?.incidentId === undefined ? {} : { incidentId: run.incidentId };
}

/** Runs by id, oldest first; unknown ids are left out. */
export async function runViews(store: Store, ids: readonly string[]): Promise<readonly RunView[]> {
  const loaded = await Promise.all(ids.map((id) => store.loadRun(id)));
  return loaded
    .filter((one) => one.events.length > 0)
    .map((one) => runView(foldRun(one.events as readonly RunEvent[])));
}

/** Documents by id; missing ones are left out. */
export async function docs<T extends object>(
  store: Pick<Store, "getMany">,
  kind: DocKind,
  ids: readonly string[],
): Promise<readonly T[]> {
  if (ids.length === 0) return [];
  const found = await store.getMany<T>(kind, ids);
  return found.flatMap((doc) => (doc ? [doc.body] : []));
}

async function approvalsOf(store: Store, incident: string): Promise<readonly Approval[]> {
  const found = await docs<Approval>(store, "approval", await store.members(`incident:${incident}:approvals`));
  return found.toSorted((a, b) => a.requestedAt - b.requestedAt);
}

function covers(scope: string, incident: Incident, runs: readonly RunView[]): boolean {
  if (scope === "global" || scope === `incident:${incident.id}`) return true;
  return runs.some(
    (run) => run.endedAt === undefined && (scope === `playbook:${run.playbook}` || scope === `target:${run.target}`),
  );
}
