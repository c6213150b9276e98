import type { Alert, Approval, Entry, Incident, Run } from "./answers.ts";
import type { Io } from "./io.ts";
import { type Column, fields, table } from "./table.ts";
import { approvalTable, leaseTable, runTable, severity, state, untilWhen } from "./tables.ts";
import { paint, when } from "./text.ts";

/** One incident with everything that belongs to it and its timeline. */
export function incidentPage(io: Io, incident: Incident, entries: readonly Entry[]): string {
  const { acknowledged, taken } = incident;
  const head = fields(io, [
    ["incident", incident.id],
    ["title", incident.title],
    ["severity", severity(incident.severity)],
    ["status", state(incident.status)],
    ["key", incident.key],
    ["opened", when(incident.openedAt, io.now())],
    ["resolved", when(incident.resolvedAt, io.now())],
    ["alerts", `${incident.firing} firing of ${incident.total}`],
    ["acknowledged", acknowledged ? ackText(io, acknowledged) : ""],
    ["taken", taken ? `${taken.by}, ${when(taken.at, io.now())}` : ""],
    ...incident.paused.map((pause) => ["paused", `${pause.scope} by ${pause.by}: ${pause.reason}`] as const),
  ]);
  return sections(io, head, [
    ["runs", incident.runs.length > 0 ? runTable(io, incident.runs) : ""],
    ["approvals", incident.approvals.length > 0 ? approvalTable(io, incident.approvals) : ""],
    ["leases", incident.leases.length > 0 ? leaseTable(io, incident.leases) : ""],
    ["timeline", timeline(io, entries)],
  ]);
}

/** Who, when, and until when it holds calls back; that which closing an incident leaves has held nothing back. */
function ackText(io: Io, { by, at, until }: NonNullable<Incident["acknowledged"]>): string {
  const given = `${by}, ${when(at, io.now())}`;
  if (until == null || until === at) return given;
  return `${given}; ${Date.parse(until) > io.now() ? "ends" : "ended"} ${when(until, io.now())}`;
}

function timeline(io: Io, entries: readonly Entry[]): string {
  const columns: readonly Column<Entry>[] = [
    { title: "at (utc)", cell: ({ at }) => (at ?? "").slice(0, 19).replace("T", " ") },
    { title: "by", cell: ({ by }) => by },
    { title: "kind", cell: ({ kind }) => kind },
    { title: "what", cell: ({ text }) => text },
  ];
  return entries.length === 0 ? "" : table({ ...io, columns: undefined }, columns, entries);
}

/** One run with its steps. */
export function runPage(io: Io, run: Run): string {
  const head = fields(io, [
    ["run", run.id],
    ["playbook", run.playbook],
    ["runbook", run.runbook ?? ""],
    ["target", run.target],
    ["incident", run.incidentId ?? ""],
    ["severity", severity(run.severity)],
    ["autonomy", run.autonomy],
    ["state", state(run.state.kind)],
    ["question", run.state.question ?? ""],
    ["reason", run.state.reason ?? ""],
    ["approval", run.state.approvalId ?? ""],
    ["doing", run.sentence],
    ["started", when(run.startedAt, io.now())],
    ["ended", when(run.endedAt, io.now())],
  ]);
  const columns: readonly Column<Run["steps"][number]>[] = [
    { title: "step", cell: ({ path }) => path },
    { title: "outcome", cell: (step) => state(step.outcome ?? step.state) },
    { title: "uses", cell: ({ uses }) => uses ?? "" },
    { title: "message", cell: (step) => [step.reason, step.message].filter(Boolean).join(": ") },
  ];
  return sections(io, head, [["steps", run.steps.length > 0 ? table(io, columns, run.steps) : ""]]);
}

/** What an approval is about: each changing step in plain words, and why it is asked. */
export function approvalPage(io: Io, approval: Approval): string {
  const head = fields(io, [
    ["approval", approval.id],
    ["status", state(approval.status)],
    ["run", approval.runId],
    ["incident", approval.incidentId ?? ""],
    ["playbook", approval.playbook],
    ["runbook", approval.runbook ?? ""],
    ["target", approval.target],
    ["severity", severity(approval.severity)],
    ["who may", `${approval.policy.required} of ${approval.policy.group}`],
    ["expires", approval.status === "pending" ? untilWhen(io, approval) : ""],
    ...approval.why.map((why) => ["why", why] as const),
    ...(approval.offersKeep && approval.status === "pending"
      ? [["may be kept", `approve ${approval.id} --keep: without its lease, nothing undoes it`] as const]
      : []),
    ...approval.votes.map((vote) => [vote.decision, voteText(io, vote)] as const),
  ]);
  const columns: readonly Column<Approval["steps"][number]>[] = [
    { title: "step", cell: ({ path }) => path },
    { title: "effect", cell: ({ effect }) => effect },
    { title: "what", cell: ({ describe }) => describe },
    { title: "undone by", cell: ({ undo }) => undo ?? "nothing" },
  ];
  return sections(io, head, [["steps", approval.steps.length > 0 ? table(io, columns, approval.steps) : ""]]);
}

function voteText(io: Io, { by, via, keep, at }: Approval["votes"][number]): string {
  const who = via === "stanch" || by.endsWith(`(${via})`) ? by : `${by} (${via})`;
  return `${who}, ${when(at, io.now())}${keep ? ", to be kept" : ""}`;
}

/** One alert and why it led where it led. */
export function alertPage(io: Io, alert: Alert): string {
  const head = fields(io, [
    ["alert", alert.id],
    ["status", state(alert.status)],
    ["assessment", alert.state],
    ["incident", alert.incidentId ?? ""],
    ["opened", when(alert.openedAt, io.now())],
    ["last seen", when(alert.lastSeen, io.now())],
    ["why", alert.explanation?.sentence ?? ""],
    ...Object.entries(alert.labels).map(([name, value]) => [`label ${name}`, value] as const),
    ...Object.entries(alert.annotations).map(([name, value]) => [`annotation ${name}`, value] as const),
  ]);
  const columns: readonly Column<{ playbook: string; matched: boolean; reason: string }>[] = [
    { title: "playbook", cell: ({ playbook }) => playbook },
    { title: "matched", cell: ({ matched }) => (matched ? "yes" : "no") },
    { title: "why", cell: ({ reason }) => reason },
  ];
  const notes = alert.explanation?.playbooks ?? [];
  return sections(io, head, [["playbooks", notes.length > 0 ? table(io, columns, notes) : ""]]);
}

/** A head and the parts that have something in them, each under its name. */
export function sections(io: Io, head: string, parts: readonly (readonly [string, string])[]): string {
  const shown = parts.filter(([, body]) => body !== "");
  return [head, ...shown.map(([title, body]) => `${paint(io, "bold", title.toUpperCase())}\n${body}`)].join("\n\n");
}
