import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Decision } from "../../src/core/decision.ts";
import { AppError } from "../../src/core/errors.ts";
import { apiRoutes } from "../../src/http/routes/index.ts";
import { createSources } from "../../src/sources/index.ts";
import { ISO, startHttp, stubDesk, TOKENS } from "./support.ts";

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
    ]);
  });

  it("gives the report as Markdown", async (t) => {
    const { ask } = await startHttp(t);
    const { text, headers } = await ask(`${API}/incidents/inc-1/report`, { token: TOKENS.viewer });
    assert.equal(text, "# inc-1\n");
    assert.match(headers.get("content-type") ?? "", /^text\/markdown/);
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
    assert.deepEqual(await faultsOf("/runs?stauts=ready"), [""]);
    assert.deepEqual(await faultsOf("/incidents/inc-1/timeline?from=-1"), ["from"]);
    assert.deepEqual(await faultsOf("/leases?__proto__=x"), [""]);
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

type Case = readonly [method: string, path: string, body: object | undefined, decision: Decision];

const decisions: readonly Case[] = [
  ["POST", "/runs", { playbook: "p", vars: { a: "b" } }, { verb: "run", playbook: "p", vars: { a: "b" } }],
  ["POST", "/runs", { playbook: "p", incident: "inc-1" }, { verb: "run", playbook: "p", vars: {}, incident: "inc-1" }],
  ["POST", "/runs/run-1/cancel", undefined, { verb: "cancel", run: "run-1" }],
  ["POST", "/runs/run-1/cancel", { reason: " no " }, { verb: "cancel", run: "run-1", reason: "no" }],
  ["POST", "/runs/run-1/answer", { answer: "not-done" }, { verb: "answer", run: "run-1", answer: "not-done" }],
  ["POST", "/approvals/apr-1", { decision: "approve" }, { verb: "approve", approval: "apr-1" }],
  ["POST", "/approvals/apr-1", { decision: "reject", reason: "r" }, { verb: "reject", approval: "apr-1", reason: "r" }],
  ["POST", "/leases/lease-1", { action: "extend", for: "1h30m" }, { verb: "extend", lease: "lease-1", for: 5_400_000 }],
  ["POST", "/leases/lease-1", { action: "revert" }, { verb: "revert", lease: "lease-1" }],
  ["POST", "/tasks/task-1", { answer: "called" }, { verb: "complete", task: "task-1", answer: "called" }],
  ["POST", "/incidents/inc-1/ack", undefined, { verb: "ack", incident: "inc-1" }],
  ["POST", "/incidents/inc-1/take", {}, { verb: "take", incident: "inc-1" }],
  ["POST", "/incidents/inc-1/release", undefined, { verb: "release", incident: "inc-1" }],
  [
    "POST",
    "/incidents/inc-1/close",
    { reason: "false alarm" },
    { verb: "close", incident: "inc-1", reason: "false alarm" },
  ],
  ["POST", "/playbooks/p%2Fq/reset", undefined, { verb: "reset", playbook: "p/q" }],
  ["POST", "/pause", undefined, { verb: "pause", scope: "global" }],
  [
    "POST",
    "/pause",
    { scope: "target:ecs:c/s", for: "30m", reason: "r" },
    { verb: "pause", scope: "target:ecs:c/s", for: 1_800_000, reason: "r" },
  ],
  ["DELETE", "/pause", undefined, { verb: "resume", scope: "global" }],
  ["DELETE", "/pause", { scope: "playbook:p" }, { verb: "resume", scope: "playbook:p" }],
  ["DELETE", "/pause?scope=incident:inc-1", undefined, { verb: "resume", scope: "incident:inc-1" }],
];

describe("deciding", () => {
  for (const [method, path, body, decision] of decisions) {
    it(`${method} ${path} ${JSON.stringify(body) ?? ""} asks to ${decision.verb}`, async (t) => {
      const { ask, asked } = await startHttp(t);
      const call = { method, token: TOKENS.admin, ...(body && { body: JSON.stringify(body) }) };
      const { status, json } = await ask(API + path, call);
      assert.equal(status, decision.verb === "run" ? 201 : 200);
      assert.deepEqual(asked, [{ actor: { name: "root", via: "api", role: "admin", apiToken: "root" }, decision }]);
      assert.deepEqual(
        json,
        decision.verb === "run" ? { id: "run-2", sentence: "run-2 started" } : { id: null, sentence: "done" },
      );
    });
  }

  it("covers every route that decides", () => {
    const tested = decisions.map(([method, path]) => `${method} ${path.split("?")[0]}`);
    for (const { method, path, role } of apiRoutes) {
      const pattern = new RegExp(`^${method.toUpperCase()} ${path.replace(/:\w+/g, "[^/]+")}$`);
      assert.ok(role === "viewer" || tested.some((call) => pattern.test(call)), `${method} ${path}`);
    }
  });

  it("passes the desk's refusal on, with its status and sentence", async (t) => {
    const { ask } = await startHttp(t);
    const decide = async (id: string) => {
      const body = JSON.stringify({ decision: "approve" });
      const { status, json } = await ask(`${API}/approvals/${id}`, { method: "POST", token: TOKENS.operator, body });
      return [status, json.error];
    };
    assert.deepEqual(await decide("missing"), [
      404,
      { code: "not_found", message: "there is no such thing", details: [] },
    ]);
    assert.deepEqual(await decide("decided"), [
      409,
      { code: "conflict", message: "anna decided it already", details: [] },
    ]);
    assert.deepEqual(await decide("foreign"), [
      403,
      { code: "forbidden", message: "only oncall may decide it", details: [] },
    ]);
  });

  it("names every fault of a body, and asks the desk nothing", async (t) => {
    const { ask, asked } = await startHttp(t);
    const faultsOf = async (path: string, body: string) => {
      const { status, json } = await ask(API + path, { method: "POST", token: TOKENS.admin, body });
      assert.equal(status, 400, `${path} ${body}`);
      assert.equal(json.error.code, "invalid_request");
      return json.error.details.map((fault: { path: string }) => fault.path).sort();
    };
    assert.deepEqual(await faultsOf("/approvals/a", "{"), ["body"]);
    assert.deepEqual(await faultsOf("/approvals/a", "[]"), [""]);
    assert.deepEqual(await faultsOf("/approvals/a", '{"decision":"maybe","reason":7}'), ["decision", "reason"]);
    assert.deepEqual(await faultsOf("/approvals/a", '{"decision":"approve","force":true}'), [""]);
    assert.deepEqual(await faultsOf("/leases/a", '{"action":"extend"}'), ["for"]);
    assert.deepEqual(await faultsOf("/leases/a", '{"action":"extend","for":"1h30"}'), ["for"]);
    assert.deepEqual(await faultsOf("/leases/a", '{"action":"drop"}'), ["action"]);
    assert.deepEqual(await faultsOf("/runs", '{"vars":{"a":1}}'), ["playbook", "vars.a"]);
    assert.deepEqual(await faultsOf("/runs/a/answer", '{"answer":"yes"}'), ["answer"]);
    assert.deepEqual(await faultsOf("/pause", '{"scope":"everything","for":"soon"}'), ["for", "scope"]);
    assert.deepEqual(await faultsOf("/pause", `{"reason":"${"x".repeat(2001)}"}`), ["reason"]);
    assert.deepEqual(asked, []);
  });

  it("is done by the token's owner, through the CLI if that says so", async (t) => {
    const { ask, asked } = await startHttp(t);
    const headers = { "x-stanch-via": "cli" };
    await ask(`${API}/incidents/inc-1/ack`, { method: "POST", token: TOKENS.operator, headers });
    assert.deepEqual(asked[0]?.actor, { name: "oncall-cli", via: "cli", role: "operator", apiToken: "oncall-cli" });
  });
});

describe("who may", () => {
  it("nothing without a token, and every route says so", async (t) => {
    const { ask, asked } = await startHttp(t);
    const wrong = [undefined, "", "token-of-viewe", "token-of-viewerx", "é"];
    for (const { method, path } of apiRoutes) {
      for (const token of wrong) {
        const { status, json, headers } = await ask(API + path.replace(/:\w+/, "x"), {
          method: method.toUpperCase(),
          ...(token !== undefined && { token }),
        });
        assert.equal(status, 401, `${method} ${path} ${token}`);
        assert.equal(json.error.code, "unauthorized");
        assert.equal(headers.get("www-authenticate"), "Bearer");
      }
    }
    assert.deepEqual(asked, []);
  });

  it("each role no more than its routes", async (t) => {
    const { ask, asked } = await startHttp(t);
    const statuses = async (token: string) => {
      const calls = apiRoutes.map(({ method, path }) =>
        ask(API + path.replace(/:\w+/, "x"), { method: method.toUpperCase(), token }),
      );
      return (await Promise.all(calls)).map(({ status }, index) => [status === 403, apiRoutes[index]?.role]);
    };
    for (const [forbidden, role] of await statuses(TOKENS.viewer)) assert.equal(forbidden, role !== "viewer");
    assert.deepEqual(asked, []);
    for (const [forbidden, role] of await statuses(TOKENS.operator)) assert.equal(forbidden, role === "admin");
    for (const [forbidden] of await statuses(TOKENS.admin)) assert.equal(forbidden, false);
  });

  it("everybody on this machine with --insecure-dev, but no foreign web page", async (t) => {
    const { ask, asked, url } = await startHttp(t, { tokens: [], insecure: true });
    assert.equal((await ask(`${API}/incidents/inc-1/ack`, { method: "POST" })).status, 200);
    assert.equal((await ask(`${API}/incidents/inc-1/ack`, { method: "POST", headers: { origin: url } })).status, 200);
    const evil = await ask(`${API}/incidents/inc-1/ack`, {
      method: "POST",
      headers: { origin: "https://evil.example" },
    });
    assert.equal(evil.status, 403);
    assert.equal(asked.length, 2);
  });

  it("nobody when no token is configured", async (t) => {
    const { ask } = await startHttp(t, { tokens: [] });
    assert.equal((await ask(`${API}/incidents`, { token: "x" })).status, 401);
  });
});

describe("faults", () => {
  it("of the store are 503, and bugs say nothing of themselves", async (t) => {
    const desk = {
      ...stubDesk().desk,
      incidents: () => Promise.reject(new AppError("unavailable", "Redis cannot be reached")),
      runs: () => Promise.reject(new TypeError("secret internals")),
    };
    const { ask } = await startHttp(t, { desk });
    const down = await ask(`${API}/incidents`, { token: TOKENS.viewer });
    assert.deepEqual([down.status, down.json.error.code, down.headers.get("retry-after")], [503, "unavailable", "5"]);
    const bug = await ask(`${API}/runs`, { token: TOKENS.viewer });
    assert.deepEqual([bug.status, bug.json.error.code], [500, "internal"]);
    assert.doesNotMatch(bug.text, /secret internals/);
  });
});
