import type { Approval } from "../../core/approval.ts";
import type { Actor, Decided, Decision } from "../../core/decision.ts";
import type { Desk, PageQuery, Plan, PlaybookRow } from "../../core/desk.ts";
import type { AlertRecord } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Lease } from "../../core/lease.ts";
import { unusable } from "../../core/playbook/installation.ts";
import type { Playbook } from "../../core/playbook/playbook.ts";
import type { Store } from "../../core/store.ts";
import type { Task } from "../../core/task.ts";
import type { Milliseconds } from "../../core/time.ts";
import type { TimelineEntry } from "../../core/timeline.ts";
import type { Page, RunView } from "../../core/views.ts";
import { ALERT_INDEXES } from "../removal.ts";
import { composeReport } from "../report/report.ts";
import { incidentView, runViews } from "./incident-view.ts";
import { writeNote } from "./note.ts";
import { docPage, filteredPage, pageOptions } from "./pages.ts";

/** What the desk needs: the store to read, the one door to decide, and the planner. */
export type DeskDeps = {
  store: Store;
  playbooks(): readonly Playbook[];
  demoted(): Promise<ReadonlySet<string>>;
  decide(actor: Actor, decision: Decision): Promise<Decided>;
  plan(source: string, body: string): Promise<Plan>;
  preview(playbook: string, vars: Readonly<Record<string, string>>): Promise<Plan>;
  /** Episodes accepted and not assessed yet; they have no document. */
  unassessed(limit: number): Promise<readonly AlertRecord[]>;
  /** How long after a resolution its post-mortem is due, where reports are configured. */
  postMortemWithin?: Milliseconds;
};

/** The one view that HTTP, chat and CLI share. */
export function createDesk(deps: DeskDeps): Desk {
  const { store } = deps;
  return {
    decide: deps.decide,
    plan: deps.plan,
    preview: deps.preview,
    incidents: (query) => docPage<Incident>(store, "incident", index("incidents", query.status), query),
    incident: (id) => incidentView(store, id),
    timeline: (incident, from) => store.list<TimelineEntry>(`timeline:${incident}`, from),
    report: (incident) => composeReport(store, incident, deps.postMortemWithin),
    alerts: (query) => alertPage(deps, query),
    alert: async (id) =>
      (await store.get<AlertRecord>("alert", id))?.body ?? (await deps.unassessed(1_000)).find((one) => one.id === id),
    runs: (query) => runPage(store, query),
    run: async (id) => (await runViews(store, [id]))[0],
    approvals: (query) => statusPage<Approval>(store, { kind: "approval", index: "approvals", live: "pending" }, query),
    approval: async (id) => (await store.get<Approval>("approval", id))?.body,
    leases: (query) => statusPage<Lease>(store, { kind: "lease", index: "leases", live: "active" }, query),
    tasks: (query) => taskPage(store, query),
    async playbooks() {
      const demoted = await deps.demoted();
      return deps.playbooks().map((playbook) => rowOf(playbook, demoted));
    },
    pauses: () => store.pauses(),
    note: (actor, incident, note) => writeNote(store, actor, incident, note),
  };
}

function index(name: string, status: string | undefined): string {
  return status === undefined ? name : `${name}:${status}`;
}

async function alertPage(deps: DeskDeps, query: PageQuery & { state?: string }): Promise<Page<AlertRecord>> {
  if (query.state === "unassessed") return { items: await deps.unassessed(query.limit) };
  return docPage<AlertRecord>(
    deps.store,
    "alert",
    query.state === undefined ? ALERT_INDEXES : `alerts:${query.state}`,
    query,
  );
}

/** Runs in any other state have an index of their own. */
const ENDED: readonly string[] = ["succeeded", "failed", "cancelled", "observed"];

async function runPage(store: Store, query: PageQuery & { state?: string; incident?: string }): Promise<Page<RunView>> {
  const isLive = query.state !== undefined && !ENDED.includes(query.state);
  const read = async (page: PageQuery): Promise<Page<RunView>> => {
    const found = await store.page(isLive ? "runs:active" : "runs", pageOptions(page));
    const items = await runViews(store, found.members);
    return found.next === undefined ? { items } : { items, next: found.next };
  };
  if (query.state === undefined && query.incident === undefined) return read(query);
  return filteredPage(
    read,
    query,
    (run) =>
      (query.state === undefined || run.state.kind === query.state) &&
      (query.incident === undefined || run.incidentId === query.incident),
  );
}

type Kind = { kind: "approval" | "lease" | "task"; index: string; live: string };

/** Things in their live status have an index of their own; others are found by reading on. */
async function statusPage<T extends { status: string }>(
  store: Store,
  kind: Kind,
  query: PageQuery & { status?: string },
): Promise<Page<T>> {
  if (query.status === undefined) return docPage<T>(store, kind.kind, kind.index, query);
  if (query.status === kind.live) return docPage<T>(store, kind.kind, `${kind.index}:${kind.live}`, query);
  return filteredPage(
    (page) => docPage<T>(store, kind.kind, kind.index, page),
    query,
    (item) => item.status === query.status,
  );
}

/** A task knows its run only; the run knows the incident. */
async function taskPage(store: Store, query: PageQuery & { status?: string }): Promise<Page<Task>> {
  const page = await statusPage<Task>(store, { kind: "task", index: "tasks", live: "open" }, query);
  const runs = await runViews(store, [...new Set(page.items.map(({ runId }) => runId))]);
  const incidents = new Map(runs.map((run) => [run.id, run.incidentId]));
  const items = page.items.map((task) => {
    const incidentId = task.incidentId ?? incidents.get(task.runId);
    return incidentId === undefined ? task : { ...task, incidentId };
  });
  return { ...page, items };
}

function rowOf(playbook: Playbook, demoted: ReadonlySet<string>): PlaybookRow {
  const { name, description, on, severity, autonomy, priority, file, runbook, owner } = playbook;
  const lacking = unusable(playbook);
  const row = {
    name,
    description,
    on,
    severity,
    autonomy: { ...autonomy },
    priority,
    file,
    demoted: demoted.has(name),
    ...(runbook !== undefined && { runbook }),
    ...(owner !== undefined && { owner }),
  };
  return { ...row, ...(lacking !== undefined && { unusable: lacking }) };
}
