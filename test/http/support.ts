import type { TestContext } from "node:test";
import type { Approval } from "../../src/core/approval.ts";
import type { Actor, Decided, Decision } from "../../src/core/decision.ts";
import type { Desk } from "../../src/core/desk.ts";
import type { AlertRecord } from "../../src/core/episode.ts";
import type { Incident } from "../../src/core/incident.ts";
import type { Lease } from "../../src/core/lease.ts";
import { silentLog } from "../../src/core/log.ts";
import { noMetrics } from "../../src/core/metrics.ts";
import type { Task } from "../../src/core/task.ts";
import type { TimelineEntry } from "../../src/core/timeline.ts";
import type { IncidentView, RunView } from "../../src/core/views.ts";
import { createHttp, type HttpOptions } from "../../src/http/server.ts";

export const AT = Date.UTC(2026, 10, 21, 12, 30);
export const ISO = "2026-11-21T12:30:00.000Z";

export const incident: Incident = {
  id: "inc-1",
  key: "service=litellm",
  labels: { service: "litellm" },
  title: "LiteLLMHighErrorRate on litellm",
  severity: "P1",
  status: "open",
  opening: 1,
  openedAt: AT,
  startedAt: AT,
  runs: ["run-1"],
  leases: ["lease-1"],
  acknowledged: { by: "anna", at: AT, until: AT },
};

export const alert: AlertRecord = {
  id: "alertmanager-74cadd422d747992-1",
  source: "alertmanager",
  alert: {
    fingerprint: "74cadd422d747992",
    status: "firing",
    labels: { alertname: "LiteLLMHighErrorRate", service: "litellm" },
    annotations: { summary: "5xx is 12 %" },
    startsAt: AT,
  },
  state: { status: "firing", opening: 1, openedAt: AT, lastSeen: AT, startsAt: AT, doubtful: false },
  truncated: false,
  assessment: "matched",
  incidentId: "inc-1",
  explanation: {
    at: AT,
    facts: { error_rate: 0.12 },
    severity: [],
    level: "P1",
    playbooks: [],
    sentence: "It matched.",
  },
  entry: "1-0",
};

export const run: RunView = {
  id: "run-1",
  playbook: "fallback-enable",
  incidentId: "inc-1",
  target: "settings:gateway",
  state: { kind: "awaiting_approval", approvalId: "apr-1", expiresAt: ISO },
  autonomy: "approve",
  severity: "P1",
  steps: [{ path: "enable", uses: "settings.set", state: "pending" }],
  startedAt: ISO,
  sentence: "waits for an approval",
};

export const approval: Approval = {
  id: "apr-1",
  runId: "run-1",
  incidentId: "inc-1",
  playbook: "fallback-enable",
  target: "settings:gateway",
  severity: "P1",
  requestedBy: "stanch",
  policy: {
    group: "oncall",
    required: 1,
    requesterMayApprove: true,
    expires: 900_000,
    validFor: 900_000,
    onExpiry: "escalate",
  },
  digest: "d1",
  steps: [],
  why: ["error_rate is 0.12"],
  status: "pending",
  votes: [{ by: "anna", person: "anna", via: "slack", at: AT, decision: "approve" }],
  requestedAt: AT,
  expiresAt: AT,
};

export const lease: Lease = {
  id: "lease-1",
  runId: "run-1",
  playbook: "fallback-enable",
  step: "enable",
  target: "settings:gateway",
  describe: "set FALLBACK_ENABLED of gateway back to false",
  undo: { uses: "settings.set", with: { name: "FALLBACK_ENABLED", value: "s3cret-value" } },
  onEnd: { kind: "revert" },
  status: "active",
  createdAt: AT,
  endsAt: AT,
  attempts: 0,
};

export const task: Task = { id: "task-1", runId: "run-1", ask: "call the provider", status: "open", createdAt: AT };

export const timeline: readonly TimelineEntry[] = [
  { at: AT, kind: "incident", text: "inc-1 opened", by: "stanch" },
  { at: AT, kind: "run", text: "run-1 started", by: "stanch", runId: "run-1" },
  { at: AT, kind: "message", text: "the token is xoxb-1234567890-abcdef", by: "anna" },
];

export const view: IncidentView = {
  incident,
  episodes: [alert],
  firing: 1,
  total: 1,
  runs: [run],
  approvals: [approval],
  leases: [lease],
  timelineLength: timeline.length,
  paused: [{ scope: "global", by: "anna", reason: "deploy" }],
};

export type Asked = { actor: Actor; decision: Decision };

/** A desk with one of everything; it says yes to all decisions but those about `missing` and `decided` things. */
export function stubDesk(): { desk: Desk; asked: Asked[] } {
  const asked: Asked[] = [];
  const only = <T extends { id: string }>(item: T) => ({
    page: async () => ({ items: [item], next: "after-1" }),
    one: async (id: string) => (id === item.id ? item : undefined),
  });
  const desk: Desk = {
    async decide(actor, decision): Promise<Decided> {
      asked.push({ actor, decision });
      const text = JSON.stringify(decision);
      if (text.includes("missing")) return { ok: false, code: "not_found", sentence: "there is no such thing" };
      if (text.includes("decided")) return { ok: false, code: "conflict", sentence: "anna decided it already" };
      if (text.includes("foreign")) return { ok: false, code: "forbidden", sentence: "only oncall may decide it" };
      return decision.verb === "run"
        ? { ok: true, sentence: "run-2 started", id: "run-2" }
        : { ok: true, sentence: "done" };
    },
    plan: async (source, body) => ({ alerts: [], runs: [], source, size: body.length }) as never,
    incidents: async () => ({ items: [incident, { ...incident, id: "inc-removed" }] }),
    incident: async (id) => (id === "inc-1" ? view : undefined),
    timeline: async (_incident, from = 0) => timeline.slice(from),
    report: async (id) => (id === "inc-1" ? "# inc-1\n" : undefined),
    alerts: only(alert).page,
    alert: only(alert).one,
    runs: only(run).page,
    run: only(run).one,
    approvals: only(approval).page,
    approval: only(approval).one,
    leases: async ({ status = lease.status }) => ({
      items: [lease].filter((one) => one.status === status),
      next: "after-1",
    }),
    tasks: only(task).page,
    playbooks: async () => [
      {
        name: "fallback-enable",
        description: "Send requests to the fallback provider.",
        on: "firing",
        severity: ["P0"],
        autonomy: { P0: "auto" },
        priority: 50,
        file: "fallback-enable.yaml",
        demoted: false,
      },
    ],
    pauses: async () => [{ scope: "global", by: "anna", reason: "deploy", at: AT }],
  };
  return { desk, asked };
}

export const TOKENS = { viewer: "token-of-viewer", operator: "token-of-operator", admin: "token-of-admin" } as const;

export type Ask = { method?: string; token?: string; body?: string | Buffer; headers?: Record<string, string> };

/** Options of a server with the stub desk, before anything is changed. */
export function httpOptions(changes: Partial<HttpOptions> = {}): HttpOptions {
  return {
    accept: async () => ({ accepted: 1, unchanged: 0 }),
    desk: stubDesk().desk,
    tokens: [
      { name: "eyes", role: "viewer", token: TOKENS.viewer },
      { name: "oncall-cli", role: "operator", token: TOKENS.operator },
      { name: "root", role: "admin", token: TOKENS.admin },
    ],
    metrics: { ...noMetrics, expose: async () => ({ contentType: "text/plain", body: "stanch_runs 0\n" }) },
    health: {
      ready: async () => ({ ready: true, checks: { redis: { ok: true } }, playbookFaults: [], unusablePlaybooks: [] }),
    },
    reload: async () => ({ playbooks: 3, faults: [] }),
    maxBody: 10_000_000,
    log: silentLog,
    ...changes,
  };
}

/** The server on a free port of the loopback; closed when the test ends. */
export async function startHttp(context: TestContext, changes: Partial<HttpOptions> = {}) {
  const { desk, asked } = stubDesk();
  const http = createHttp(httpOptions({ desk, ...changes }));
  const { port } = await http.listen(0, "127.0.0.1");
  context.after(() => http.close(100));
  const url = `http://127.0.0.1:${port}`;
  async function ask(path: string, { method = "GET", token, body, headers }: Ask = {}) {
    const response = await fetch(url + path, {
      method,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }
  return { http, port, url, ask, asked };
}
