import { z } from "zod";
import type { Desk } from "../../core/desk.ts";
import { RUN_STATE_KINDS } from "../../core/views.ts";
import * as render from "../render.ts";
import { type Call, found, param, type Reply, type Route, readQuery } from "../route.ts";

const page = { limit: z.coerce.number().int().min(1).max(100).default(20), cursor: z.string().min(1).optional() };
const status = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values).optional();

const IncidentQuery = z.strictObject({ ...page, status: status(["open", "mitigated", "resolved"]) });
const AlertQuery = z.strictObject({
  ...page,
  state: status(["unassessed", "unmatched", "none", "matched", "poison"]),
});
const RunQuery = z.strictObject({ ...page, state: status(RUN_STATE_KINDS), incident: z.string().min(1).optional() });
const ApprovalQuery = z.strictObject({
  ...page,
  status: status(["pending", "approved", "rejected", "expired", "withdrawn"]),
});
const LeaseQuery = z.strictObject({
  ...page,
  status: status(["active", "reverting", "reverted", "failed", "superseded", "kept"]),
});
const TaskQuery = z.strictObject({ ...page, status: status(["open", "done", "withdrawn"]) });
const TimelineQuery = z.strictObject({ from: z.coerce.number().int().min(0).default(0) });

/** What a viewer may read. */
export const readRoutes: readonly Route[] = [
  { method: "get", path: "/incidents", role: "viewer", handle: listIncidents },
  { method: "get", path: "/incidents/:id", role: "viewer", handle: showIncident },
  { method: "get", path: "/incidents/:id/timeline", role: "viewer", handle: showTimeline },
  { method: "get", path: "/incidents/:id/report", role: "viewer", handle: showReport },
  { method: "get", path: "/alerts", role: "viewer", handle: listAlerts },
  { method: "get", path: "/alerts/:id", role: "viewer", handle: showAlert },
  { method: "get", path: "/runs", role: "viewer", handle: listRuns },
  { method: "get", path: "/runs/:id", role: "viewer", handle: showRun },
  { method: "get", path: "/approvals", role: "viewer", handle: listApprovals },
  { method: "get", path: "/approvals/:id", role: "viewer", handle: showApproval },
  { method: "get", path: "/leases", role: "viewer", handle: listLeases },
  { method: "get", path: "/tasks", role: "viewer", handle: listTasks },
  { method: "get", path: "/playbooks", role: "viewer", handle: listPlaybooks },
  { method: "get", path: "/pause", role: "viewer", handle: listPauses },
];

async function listIncidents(desk: Desk, call: Call): Promise<Reply> {
  const { items, next } = await desk.incidents(withoutUndefined(readQuery(call, IncidentQuery)));
  // One that was removed meanwhile is left out.
  const views = (await Promise.all(items.map(({ id }) => desk.incident(id)))).filter((view) => view !== undefined);
  return { json: render.renderPage({ items: views, ...(next !== undefined && { next }) }, render.renderIncident) };
}

async function showIncident(desk: Desk, call: Call): Promise<Reply> {
  const id = param(call, "id");
  return { json: render.renderIncident(found(await desk.incident(id), `incident ${id}`)) };
}

async function showTimeline(desk: Desk, call: Call): Promise<Reply> {
  const { from } = readQuery(call, TimelineQuery);
  const id = param(call, "id");
  found(await desk.incident(id), `incident ${id}`);
  const entries = await desk.timeline(id, from);
  return { json: { items: entries.map((entry, index) => render.renderEntry(entry, from + index)), next: null } };
}

async function showReport(desk: Desk, call: Call): Promise<Reply> {
  const id = param(call, "id");
  return { text: found(await desk.report(id), `report of incident ${id}`), type: "text/markdown; charset=utf-8" };
}

async function listAlerts(desk: Desk, call: Call): Promise<Reply> {
  const found = await desk.alerts(withoutUndefined(readQuery(call, AlertQuery)));
  return { json: render.renderPage(found, render.renderAlert) };
}

async function showAlert(desk: Desk, call: Call): Promise<Reply> {
  const id = param(call, "id");
  return { json: render.renderAlert(found(await desk.alert(id), `alert ${id}`)) };
}

async function listRuns(desk: Desk, call: Call): Promise<Reply> {
  return { json: render.renderPage(await desk.runs(withoutUndefined(readQuery(call, RunQuery))), render.renderRun) };
}

async function showRun(desk: Desk, call: Call): Promise<Reply> {
  const id = param(call, "id");
  return { json: render.renderRun(found(await desk.run(id), `run ${id}`)) };
}

async function listApprovals(desk: Desk, call: Call): Promise<Reply> {
  const found = await desk.approvals(withoutUndefined(readQuery(call, ApprovalQuery)));
  return { json: render.renderPage(found, render.renderApproval) };
}

async function showApproval(desk: Desk, call: Call): Promise<Reply> {
  const id = param(call, "id");
  return { json: render.renderApproval(found(await desk.approval(id), `approval ${id}`)) };
}

async function listLeases(desk: Desk, call: Call): Promise<Reply> {
  const found = await desk.leases(withoutUndefined(readQuery(call, LeaseQuery)));
  return { json: render.renderPage(found, render.renderLease) };
}

async function listTasks(desk: Desk, call: Call): Promise<Reply> {
  const query = withoutUndefined(readQuery(call, TaskQuery));
  return { json: render.renderPage((await desk.tasks?.(query)) ?? { items: [] }, render.renderTask) };
}

async function listPlaybooks(desk: Desk): Promise<Reply> {
  return { json: { items: await desk.playbooks(), next: null } };
}

async function listPauses(desk: Desk): Promise<Reply> {
  return { json: { items: (await desk.pauses()).map(render.renderPause), next: null } };
}

/** zod writes absent options as undefined; the ports tell "absent" and "undefined" apart. */
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
function withoutUndefined<T extends object>(query: T): Defined<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Defined<T>;
}
