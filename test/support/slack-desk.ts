import type { Approval } from "../../src/core/approval.ts";
import type { Actor, Decided, Decision } from "../../src/core/decision.ts";
import type { Desk, Note } from "../../src/core/desk.ts";
import type { Incident } from "../../src/core/incident.ts";
import type { Lease } from "../../src/core/lease.ts";
import type { Pause } from "../../src/core/store.ts";
import type { Task } from "../../src/core/task.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import type { IncidentView, RunView } from "../../src/core/views.ts";

/** 2026-09-01 12:00 UTC. */
export const NOON = Date.UTC(2026, 8, 1, 12);

export function incidentOf(change: Partial<Incident> = {}): Incident {
  return {
    id: "inc-12",
    key: "service=litellm,cluster=prod",
    labels: { service: "litellm", cluster: "prod" },
    title: "LiteLLMHighErrorRate",
    severity: "P1",
    status: "open",
    opening: 1,
    openedAt: NOON,
    startedAt: NOON - 60_000,
    runs: ["run-1"],
    leases: [],
    ...change,
  };
}

export function runOf(change: Partial<RunView> = {}): RunView {
  return {
    id: "run-1",
    playbook: "gateway-fallback",
    incidentId: "inc-12",
    target: "http:gateway",
    state: { kind: "executing" },
    autonomy: "approve",
    severity: "P1",
    steps: [
      { path: "enable", uses: "settings.set", state: "executing", input: { name: "FALLBACK_ENABLED", value: true } },
    ],
    startedAt: new Date(NOON + 5_000).toISOString(),
    sentence: "setting FALLBACK_ENABLED to true",
    ...change,
  };
}

export function approvalOf(change: Partial<Approval> = {}): Approval {
  return {
    id: "apr-7f3a",
    runId: "run-1",
    incidentId: "inc-12",
    playbook: "gateway-fallback",
    target: "http:gateway",
    severity: "P1",
    requestedBy: "stanch",
    policy: {
      group: "platform-oncall",
      required: 1,
      requesterMayApprove: true,
      expires: 900_000,
      validFor: 900_000,
      onExpiry: "escalate",
    },
    digest: "d".repeat(64),
    steps: [
      {
        path: "enable",
        uses: "settings.set",
        effect: "reversible",
        describe: "set FALLBACK_ENABLED of gateway to true",
        targets: ["http:gateway"],
        input: { name: "FALLBACK_ENABLED", value: true },
        undo: "set FALLBACK_ENABLED back to false",
      },
    ],
    why: ["error_rate is 0.42 (rule 2: P1)", "autonomy for P1 is approve"],
    status: "pending",
    votes: [],
    requestedAt: NOON + 5_000,
    expiresAt: NOON + 905_000,
    ...change,
  };
}

export function leaseOf(change: Partial<Lease> = {}): Lease {
  return {
    id: "lease-9",
    runId: "run-1",
    incidentId: "inc-12",
    playbook: "gateway-fallback",
    step: "enable",
    target: "http:gateway",
    describe: "set FALLBACK_ENABLED back to false",
    undo: { uses: "settings.set", with: { name: "FALLBACK_ENABLED", value: false } },
    onEnd: { kind: "revert" },
    status: "active",
    createdAt: NOON + 20_000,
    endsAt: NOON + 7_220_000,
    attempts: 0,
    ...change,
  };
}

export function taskOf(change: Partial<Task> = {}): Task {
  const ask = "check the DNS of the provider";
  return { id: "task-5", runId: "run-1", incidentId: "inc-12", ask, status: "open", createdAt: NOON, ...change };
}

export function entryOf(text: string, change: Partial<TimelineEntry> = {}): TimelineEntry {
  return { at: NOON, kind: "alert", text, by: "stanch", ...change };
}

export function viewOf(
  change: Partial<Omit<IncidentView, "incident">> & { incident?: Partial<Incident> } = {},
): IncidentView {
  const { incident, ...rest } = change;
  return {
    incident: incidentOf(incident),
    episodes: [episodeOf()],
    firing: incident?.status === "resolved" ? 0 : 3,
    total: 5,
    runs: [],
    approvals: [],
    leases: [],
    timelineLength: 0,
    paused: [],
    ...rest,
  };
}

export function episodeOf(
  labels: Readonly<Record<string, string>> = {},
  summary = "5xx above 40 %",
): IncidentView["episodes"][number] {
  return {
    id: "alertmanager-4f0e-1",
    source: "alertmanager",
    alert: {
      fingerprint: "4f0e",
      status: "firing",
      labels: {
        alertname: "LiteLLMHighErrorRate",
        service: "litellm",
        cluster: "prod",
        severity: "critical",
        instance: "a:9090",
        ...labels,
      },
      annotations: { summary },
      startsAt: NOON - 60_000,
    },
    state: { status: "firing", opening: 1, openedAt: NOON, lastSeen: NOON, startsAt: NOON - 60_000, doubtful: false },
    truncated: false,
    assessment: "matched",
    incidentId: "inc-12",
    entry: "1-0",
    explanation: { at: NOON, facts: {}, severity: [], level: "P1", playbooks: [], sentence: "P1" },
  };
}

export type FakeDesk = Desk & {
  views: Map<string, IncidentView>;
  decided: { actor: Actor; decision: Decision }[];
  notes: { actor: Actor; incident: string; note: Note }[];
  paused: Pause[];
  reports: Map<string, string>;
  /** Set to let every decision fail in this way. */
  broken?: Error;
};

/** A desk over views in memory. Approvals are single use and need one of `may`; other decisions are always taken. */
export function fakeDesk(views: readonly IncidentView[] = [], may: readonly string[] = []): FakeDesk {
  const desk: FakeDesk = {
    views: new Map(views.map((view) => [view.incident.id, view])),
    decided: [],
    notes: [],
    paused: [],
    reports: new Map(),
    async decide(actor, decision) {
      if (desk.broken) throw desk.broken;
      const outcome = decideOn(desk, actor, decision, may);
      if (outcome.ok) desk.decided.push({ actor, decision });
      return outcome;
    },
    plan: async () => ({ alerts: [], runs: [] }),
    incidents: async ({ status }) =>
      page([...desk.views.values()].map((view) => view.incident).filter((one) => !status || one.status === status)),
    incident: async (id) => desk.views.get(id),
    timeline: async () => [],
    report: async (id) => desk.reports.get(id),
    alerts: async () => page([]),
    alert: async () => undefined,
    runs: async () => page([...desk.views.values()].flatMap((view) => view.runs)),
    run: async (id) => [...desk.views.values()].flatMap((view) => view.runs).find((run) => run.id === id),
    approvals: async ({ status }) => page(approvals(desk).filter((one) => !status || one.status === status)),
    approval: async (id) => approvals(desk).find((one) => one.id === id),
    leases: async ({ status }) =>
      page([...desk.views.values()].flatMap((view) => view.leases).filter((one) => !status || one.status === status)),
    tasks: async () => page([taskOf()]),
    playbooks: async () => [PLAYBOOK, { ...PLAYBOOK, name: "ecs-redeploy", description: "Force a new deployment" }],
    pauses: async () => desk.paused,
    note: async (actor, incident, note) => {
      if (!desk.notes.some((one) => one.note.key === note.key)) desk.notes.push({ actor, incident, note });
      return { ok: true, sentence: "noted" };
    },
    preview: async (playbook) => ({
      alerts: [],
      runs: [
        {
          playbook,
          target: "http:gateway",
          autonomy: "approve",
          severity: "P1",
          steps: [{ path: "enable", describe: "set FALLBACK_ENABLED to true", effect: "reversible" }],
        },
      ],
    }),
  };
  return desk;
}

const PLAYBOOK = {
  name: "gateway-fallback",
  description: "Enable the fallback provider",
  on: "firing",
  severity: ["P1"],
  autonomy: { P1: "approve" },
  priority: 50,
  file: "gateway-fallback.yaml",
  demoted: false,
};

function approvals(desk: FakeDesk): Approval[] {
  return [...desk.views.values()].flatMap((view) => view.approvals);
}

function page<T>(items: readonly T[]): { items: readonly T[] } {
  return { items };
}

function decideOn(desk: FakeDesk, actor: Actor, decision: Decision, may: readonly string[]): Decided {
  if (decision.verb !== "approve" && decision.verb !== "reject") {
    return { ok: true, sentence: `${decision.verb}: done by ${actor.name}` };
  }
  const approval = approvals(desk).find((one) => one.id === decision.approval);
  if (!approval) return { ok: false, code: "not_found", sentence: `there is no approval ${decision.approval}` };
  if (!may.includes(actor.slackUser ?? "")) {
    return {
      ok: false,
      code: "forbidden",
      sentence: `${actor.name} is not in platform-oncall; anna and <!subteam^S> may`,
    };
  }
  if (approval.status !== "pending") {
    return {
      ok: false,
      code: "conflict",
      sentence: `${approval.id} was ${approval.status} by ${approval.votes[0]?.by}`,
    };
  }
  const status = decision.verb === "approve" ? "approved" : "rejected";
  const vote = {
    by: actor.name,
    person: actor.name,
    via: actor.via,
    at: NOON + 30_000,
    decision: decision.verb,
    ...(decision.reason && { reason: decision.reason }),
  };
  Object.assign(approval, { status, votes: [vote], decidedAt: NOON + 30_000 });
  return { ok: true, sentence: `${approval.id} is ${status} by ${actor.name}` };
}
