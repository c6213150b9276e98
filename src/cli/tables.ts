import { takenIncident } from "../core/pause.ts";
import type { Approval, Incident, Lease, Pause, Run, Task } from "./answers.ts";
import type { Io } from "./io.ts";
import { type Cell, type Column, table } from "./table.ts";
import { relative, type Style, when } from "./text.ts";

const SEVERITY_STYLES: Readonly<Record<string, Style>> = { P0: ["bold", "red"], P1: "red", P2: "yellow" };
const STATE_STYLES: Readonly<Record<string, Style>> = {
  open: "red",
  firing: "red",
  failed: "red",
  unknown_outcome: ["bold", "red"],
  awaiting_approval: "yellow",
  pending: "yellow",
  mitigated: "blue",
  active: "blue",
  resolved: "green",
  succeeded: "green",
  approved: "green",
  reverted: "green",
};

/** A severity or state in the colour of its meaning. */
function coloured(styles: Readonly<Record<string, Style>>, text: string): Cell {
  const style = styles[text];
  return style === undefined ? text : { text, style };
}

/** P0, P1 or P2 as a cell. */
export const severity = (text: string): Cell => coloured(SEVERITY_STYLES, text);

/** The state of an incident, alert, run, step, approval or lease as a cell. */
export const state = (text: string): Cell => coloured(STATE_STYLES, text);

function ago(at: string | null | undefined, io: Io): string {
  return at === null || at === undefined ? "" : relative(Date.parse(at), io.now());
}

/** The list of incidents, in the order given. */
export function incidentTable(io: Io, incidents: readonly Incident[]): string {
  if (incidents.length === 0) return "no incidents";
  const columns: readonly Column<Incident>[] = [
    { title: "id", cell: ({ id }) => id },
    { title: "severity", cell: (row) => severity(row.severity) },
    { title: "status", cell: (row) => state(row.status) },
    { title: "opened", cell: ({ openedAt }) => when(openedAt, io.now()) },
    { title: "alerts", cell: ({ firing, total }) => `${firing}/${total}` },
    { title: "title", cell: ({ title }) => title },
  ];
  return table(io, columns, incidents);
}

/** Runs, one line each. */
export function runTable(io: Io, runs: readonly Run[]): string {
  const columns: readonly Column<Run>[] = [
    { title: "run", cell: ({ id }) => id },
    { title: "state", cell: (run) => state(run.state.kind) },
    { title: "playbook", cell: ({ playbook }) => playbook },
    { title: "target", cell: ({ target }) => target },
    { title: "started", cell: ({ startedAt }) => ago(startedAt, io) },
    { title: "doing", cell: ({ sentence }) => sentence },
  ];
  return table(io, columns, runs);
}

/** Approvals, one line each; those still to be decided with the time left. */
export function approvalTable(io: Io, approvals: readonly Approval[]): string {
  const columns: readonly Column<Approval>[] = [
    { title: "approval", cell: ({ id }) => id },
    { title: "status", cell: ({ status }) => state(status) },
    { title: "incident", cell: ({ incidentId }) => incidentId ?? "" },
    { title: "playbook", cell: ({ playbook }) => playbook },
    { title: "target", cell: ({ target }) => target },
    { title: "group", cell: ({ policy }) => `${policy.required} of ${policy.group}` },
    { title: "expires", cell: (row) => (row.status === "pending" ? untilWhen(io, row) : "") },
  ];
  return table(io, columns, approvals);
}

/** Until when it waits; what nobody objects to does not expire. */
export function untilWhen(io: Io, { policy, expiresAt, vetoEndsAt }: Approval): string {
  if (policy.veto == null) return when(expiresAt, io.now());
  return `runs ${vetoEndsAt == null ? "" : `${when(vetoEndsAt, io.now())} `}unless someone objects`;
}

function failedBefore(attempts: number, failure: string | null | undefined): string {
  return attempts === 0 || !failure ? "" : ` (failed${attempts === 1 ? "" : ` ${attempts} times`}: ${failure})`;
}

/** Leases, one line each; those in force with their ends. */
export function leaseTable(io: Io, leases: readonly Lease[]): string {
  const columns: readonly Column<Lease>[] = [
    { title: "lease", cell: ({ id }) => id },
    { title: "status", cell: ({ status }) => state(status) },
    { title: "ends", cell: ({ status, endsAt }) => (status === "active" ? when(endsAt, io.now()) : "") },
    { title: "target", cell: ({ target }) => target },
    { title: "undone by", cell: ({ describe, attempts, failure }) => describe + failedBefore(attempts, failure) },
  ];
  return table(io, columns, leases);
}

/** What people are asked to do, one line each. */
export function taskTable(io: Io, tasks: readonly Task[]): string {
  const columns: readonly Column<Task>[] = [
    { title: "task", cell: ({ id }) => id },
    { title: "incident", cell: ({ incidentId }) => incidentId ?? "" },
    { title: "asked", cell: ({ createdAt }) => ago(createdAt, io) },
    { title: "what", cell: ({ ask }) => ask },
  ];
  return table(io, columns, tasks);
}

/** `release` ends what `take` began. */
function isTaken(scope: string): boolean {
  return takenIncident(scope) !== undefined;
}

/** What is paused, by whom and until when. */
export function pauseTable(io: Io, pauses: readonly Pause[]): string {
  const columns: readonly Column<Pause>[] = [
    { title: "paused", cell: ({ scope }) => ({ text: scope, style: "yellow" }) },
    { title: "by", cell: ({ by }) => by },
    { title: "until", cell: ({ scope, until }) => when(until, io.now()) || (isTaken(scope) ? "release" : "resume") },
    { title: "why", cell: ({ reason }) => reason },
  ];
  return table(io, columns, pauses);
}
