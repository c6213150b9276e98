import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Lease } from "../../src/core/lease.ts";
import { createSources } from "../../src/sources/index.ts";
import { AT, approval, ISO, lease, startHttp, stubDesk, TOKENS } from "./support.ts";

const API = "/api/v1";

describe("reading", () => {
  it("shows an incident with its episodes, runs and leases", async (t) => {
    const { ask } = await startHttp(t);
    const { status, json } = await ask(`${API}/incidents/inc-1`, { token: TOKENS.viewer });
    assert.equal(status, 200);
    const { id, key, title, severity, openedAt, resolvedAt, episodes, runs, leases } = json;
    assert.deepEqual(
      { id, key, title, severity, status: json.status, openedAt, resolvedAt },
      {
        id: "inc-1",
        key: "service=litellm",
        title: "LiteLLMHighErrorRate on litellm",
        severity: "P1",
        status: "open",
        openedAt: ISO,
        resolvedAt: null,
      },
    );
    assert.deepEqual(json.acknowledged, { by: "anna", at: ISO, until: ISO });
    assert.equal(episodes[0].fingerprint, "74cadd422d747992");
    assert.equal(episodes[0].explanation.at, ISO);
    assert.deepEqual([episodes[0].status, episodes[0].state, episodes[0].endsAt], ["firing", "matched", null]);
    assert.deepEqual(runs[0].state, { kind: "awaiting_approval", approvalId: "apr-1", expiresAt: ISO });
    assert.deepEqual([leases[0].endsAt, leases[0].uses], [ISO, "settings.set"]);
    assert.equal(json.approvals[0].votes[0].at, ISO);
    assert.equal(json.approvals[0].offersKeep, false);
    const { expires, validFor, veto } = json.approvals[0].policy;
    assert.deepEqual({ expires, validFor, veto }, { expires: "15m", validFor: "15m", veto: null });
  });

  it("gives lists as items and next, and leaves out what was removed meanwhile", async (t) => {
    const { ask } = await startHttp(t);
    const list = async (path: string) => (await ask(API + path, { token: TOKENS.viewer })).json;
    assert.deepEqual(
      (await list("/incidents?status=open")).items.map((item: { id: string }) => item.id),
      ["inc-1"],
    );
    assert.equal((await list("/incidents")).next, null);
    for (const path of ["/alerts", "/runs", "/approvals", "/leases", "/tasks"]) {
      const { items, next } = await list(path);
      assert.equal(items.length, 1, path);
      assert.equal(next, "after-1", path);
    }
    assert.equal((await list("/playbooks")).items[0].name, "fallback-enable");
    assert.deepEqual((await list("/pause")).items, [
      { scope: "global", by: "anna", reason: "deploy", at: ISO, until: null },
    ]);
    assert.deepEqual((await list("/incidents/inc-1/timeline?from=1")).items, [
      { seq: 1, at: ISO, kind: "run", text: "run-1 started", by: "stanch", runId: "run-1" },
      { seq: 2, at: ISO, kind: "message", text: "the token is [redacted]", by: "anna", runId: null },
    ]);
  });

  it("gives the report as Markdown", async (t) => {
    const { ask } = await startHttp(t);
    const { text, headers } = await ask(`${API}/incidents/inc-1/report`, { token: TOKENS.viewer });
    assert.equal(text, "# inc-1\n");
    assert.match(headers.get("content-type") ?? "", /^text\/markdown/);
  });

  it("writes every time as one, also those that few approvals and leases have", async (t) => {
    const act = { by: "anna", at: AT };
    const kept: Lease = { ...lease, heldSince: AT, heldAt: AT, lookedAt: AT, revertedBy: act, keptBy: act };
    const items = [{ ...approval, vetoEndsAt: AT }];
    const desk = { ...stubDesk().desk, leases: async () => ({ items: [kept] }), approvals: async () => ({ items }) };
    const { ask } = await startHttp(t, { desk });
    for (const path of ["/leases", "/approvals"])
      assert.doesNotMatch((await ask(API + path, { token: TOKENS.viewer })).text, new RegExp(String(AT)));
    const [one] = (await ask(`${API}/leases`, { token: TOKENS.viewer })).json.items;
    assert.deepEqual([one.revertedBy, one.keptBy.at, one.heldSince], [{ by: "anna", at: ISO }, ISO, ISO]);
  });

  it("shows nothing of a lease that only the engine reads", async (t) => {
    const known: Lease = { ...lease, field: "f1e1d", heldAt: AT, lookedAt: AT, order: 3 };
    const desk = { ...stubDesk().desk, leases: async () => ({ items: [known] }) };
    const { ask } = await startHttp(t, { desk });
    const [one] = (await ask(`${API}/leases`, { token: TOKENS.viewer })).json.items;
    const own = Object.keys(one).filter((key) => ["undo", "field", "heldAt", "lookedAt", "order"].includes(key));
    assert.deepEqual(own, []);
  });

  it("never shows what a lease will write", async (t) => {
    const { ask } = await startHttp(t);
    for (const path of ["/leases", "/incidents/inc-1", "/incidents"]) {
      assert.doesNotMatch((await ask(API + path, { token: TOKENS.viewer })).text, /s3cret-value/);
    }
  });

  it("says what there is not", async (t) => {
    const { ask } = await startHttp(t);
    const missing = [
      "/incidents/inc-9",
      "/incidents/inc-9/timeline",
      "/incidents/inc-9/report",
      "/alerts/x",
      "/runs/x",
      "/approvals/x",
    ];
    for (const path of missing) {
      const { status, json } = await ask(API + path, { token: TOKENS.viewer });
      assert.equal(status, 404, path);
      assert.equal(json.error.code, "not_found", path);
      assert.match(json.error.message, /there is no (incident|report|alert|run|approval)/, path);
    }
  });

  it("refuses a query that it does not know, naming every fault", async (t) => {
    const { ask } = await startHttp(t);
    const faultsOf = async (path: string) => {
      const { status, json } = await ask(API + path, { token: TOKENS.viewer });
      assert.equal(status, 400, path);
      return json.error.details.map((fault: { path: string }) => fault.path);
    };
    assert.deepEqual(await faultsOf("/incidents?limit=0&status=closed"), ["limit", "status"]);
    assert.deepEqual(await faultsOf("/alerts?state=lost&limit=many"), ["limit", "state"]);
    assert.deepEqual(await faultsOf("/runs?stauts=ready"), ["stauts"]);
    assert.deepEqual(await faultsOf("/incidents/inc-1/timeline?from=-1"), ["from"]);
    assert.deepEqual(await faultsOf("/leases?__proto__=x"), ["__proto__"]);
    assert.deepEqual(await faultsOf("/incidents?status=open&status=resolved"), ["status"]);
    assert.deepEqual(await faultsOf("/tasks?status=withdrawn&limit=0"), ["limit"]);
  });

  it("has no tasks where the desk knows none", async (t) => {
    const { tasks: _, ...desk } = stubDesk().desk;
    const { ask } = await startHttp(t, { desk });
    assert.deepEqual((await ask(`${API}/tasks`, { token: TOKENS.viewer })).json, { items: [], next: null });
  });
});

describe("planning", () => {
  it("hands the body to the desk unread, and a viewer may ask", async (t) => {
    const { ask } = await startHttp(t);
    const plan = (query: string) =>
      ask(`${API}/plan${query}`, { method: "POST", token: TOKENS.viewer, body: "x".repeat(500_000) });
    assert.deepEqual((await plan("")).json, { alerts: [], runs: [], source: "alertmanager", size: 500_000 });
    assert.equal((await plan("?source=cloudwatch")).json.source, "cloudwatch");
    assert.equal((await plan("?source=nagios")).status, 400);
  });

  it("shows where a body cannot be read", async (t) => {
    const sources = createSources(
      { alertmanager: { kind: "none" } },
      {
        now: () => 0,
        fetchCertificate: async () => "",
        confirmSubscription: async () => {},
      },
    );
    const plan = async (_: string, body: string) => sources.get("alertmanager")?.parse(body) as never;
    const { ask } = await startHttp(t, { desk: { ...stubDesk().desk, plan } });
    const body = '{"alerts":[{"status":"firing","labels":[]}]}';
    const { status, json } = await ask(`${API}/plan`, { method: "POST", token: TOKENS.viewer, body });
    assert.equal(status, 400);
    assert.deepEqual(json.error, {
      code: "invalid_request",
      message: "alerts[0].labels: expected an object",
      details: [{ path: "alerts[0].labels", message: "expected an object" }],
    });
  });
});
