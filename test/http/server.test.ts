import assert from "node:assert/strict";
import { describe, it } from "node:test";
import express from "express";
import { AppError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/http/metrics.ts";
import { createHttp } from "../../src/http/server.ts";
import { httpOptions, startHttp, stubDesk, TOKENS } from "./support.ts";

it("a worker tells how it is and takes nothing: no webhooks, no API, no reload", async (t) => {
  const { ask } = await startHttp(t, { onlyHealth: true });
  for (const path of ["/-/healthy", "/-/ready", "/metrics"]) assert.equal((await ask(path)).status, 200, path);
  const token = TOKENS.admin;
  assert.equal((await ask("/webhooks/alertmanager", { method: "POST", body: "{}" })).status, 404);
  assert.equal((await ask("/api/v1/incidents", { token })).status, 404);
  assert.equal((await ask("/-/reload", { method: "POST", token })).status, 404);
});

describe("every answer", () => {
  it("carries security headers and a request id, and does not name the software", async (t) => {
    const { ask } = await startHttp(t);
    const calls = [
      ask("/-/healthy"),
      ask("/nowhere"),
      ask("/api/v1/runs"),
      ask("/webhooks/alertmanager", { method: "POST", body: "{}" }),
    ];
    for (const { headers } of await Promise.all(calls)) {
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cache-control"), "no-store");
      assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
      assert.match(headers.get("x-request-id") ?? "", /^[\w.-]+$/);
      assert.equal(headers.get("x-powered-by"), null);
      assert.equal(headers.get("access-control-allow-origin"), null);
    }
  });

  it("repeats the caller's request id if it is harmless", async (t) => {
    const { ask } = await startHttp(t);
    const idFor = async (id: string) =>
      (await ask("/-/healthy", { headers: { "x-request-id": id } })).headers.get("x-request-id");
    assert.equal(await idFor("abc-123"), "abc-123");
    assert.notEqual(await idFor("a b<script>"), "a b<script>");
    assert.notEqual(await idFor("x".repeat(65)), "x".repeat(65));
  });

  it("to an unknown route, method or unreadable path is an error in JSON", async (t) => {
    const { ask } = await startHttp(t);
    for (const [method, path] of [
      ["GET", "/"],
      ["PUT", "/api/v1/runs"],
      ["GET", "/webhooks/alertmanager"],
      ["GET", "/API/v1/runs"],
    ] as const) {
      const { status, json } = await ask(path, { method, token: TOKENS.admin });
      assert.deepEqual([status, json.error.code], [404, "not_found"], `${method} ${path}`);
    }
    const bad = await ask("/api/v1/runs/%E0%A4%A", { token: TOKENS.admin });
    assert.deepEqual([bad.status, bad.json.error.code], [400, "invalid_request"]);
  });
});

describe("health", () => {
  it("is answered without a token", async (t) => {
    const { ask } = await startHttp(t);
    assert.deepEqual((await ask("/-/healthy")).json, { healthy: true });
    const ready = await ask("/-/ready");
    assert.deepEqual(
      [ready.status, ready.json],
      [200, { ready: true, checks: { redis: { ok: true } }, playbookFaults: [], unusablePlaybooks: [] }],
    );
  });

  it("is 503 with the reasons when not ready", async (t) => {
    const readiness = {
      ready: false,
      checks: { redis: { ok: true }, "queue run": { ok: false, detail: "no worker took the canary within 5s" } },
      playbookFaults: [{ file: "a.yaml", line: 3, column: 5, message: "unknown key" }],
      unusablePlaybooks: [{ playbook: "b", reason: "no ecs connection" }],
    };
    const { ask } = await startHttp(t, { health: { ready: async () => readiness } });
    const { status, json } = await ask("/-/ready");
    assert.deepEqual([status, json], [503, readiness]);
  });
});

describe("reloading", () => {
  it("needs an admin", async (t) => {
    const { ask } = await startHttp(t);
    const reload = async (token?: string) =>
      (await ask("/-/reload", { method: "POST", ...(token !== undefined && { token }) })).status;
    assert.deepEqual(
      await Promise.all([reload(), reload(TOKENS.viewer), reload(TOKENS.operator), reload(TOKENS.admin)]),
      [401, 403, 403, 200],
    );
  });

  it("says what is wrong, and that the old set stays", async (t) => {
    const faults = [{ file: "a.yaml", line: 3, column: 5, message: "unknown key" }];
    const { ask } = await startHttp(t, { reload: async () => ({ playbooks: 3, faults }) });
    const { status, json } = await ask("/-/reload", { method: "POST", token: TOKENS.admin });
    assert.equal(status, 422);
    assert.equal(json.error.code, "invalid_playbook");
    assert.deepEqual(json.error.details, faults);
  });
});

describe("Slack's receiver", () => {
  it("gets the raw body before anything else has read it, and lets the rest through", async (t) => {
    const router = express.Router();
    router.post("/slack/events", (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => response.send(`got ${body}`));
    });
    const { ask } = await startHttp(t, { slackReceiver: router });
    assert.equal((await ask("/slack/events", { method: "POST", body: "payload=1" })).text, "got payload=1");
    assert.equal((await ask("/-/healthy")).status, 200);
  });

  it("is not there without Slack", async (t) => {
    const { ask } = await startHttp(t);
    assert.equal((await ask("/slack/events", { method: "POST", body: "x" })).status, 404);
  });
});

describe("listening and closing", () => {
  it("says what to do when the port is taken", async (t) => {
    const { port } = await startHttp(t);
    await assert.rejects(
      createHttp(httpOptions()).listen(port, "127.0.0.1"),
      (error) => error instanceof AppError && /choose another PORT/.test(error.message),
    );
  });

  it("finishes what is under way and takes nothing new", async (t) => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let began = () => {};
    const started = new Promise<void>((resolve) => {
      began = resolve;
    });
    const { http, ask } = await startHttp(t, {
      accept: async () => {
        began();
        await gate;
        return { accepted: 1, unchanged: 0 };
      },
    });
    const pending = ask("/webhooks/alertmanager", { method: "POST", body: "{}" });
    await started;
    const closed = http.close(5000);
    await assert.rejects(ask("/-/healthy"));
    release();
    assert.equal((await pending).status, 202);
    await closed;
  });

  it("cuts off after the grace", { timeout: 3000 }, async (t) => {
    let began = () => {};
    const started = new Promise<void>((resolve) => {
      began = resolve;
    });
    const accept = () => {
      began();
      return new Promise<never>(() => {});
    };
    const { http, ask } = await startHttp(t, { accept });
    const pending = ask("/webhooks/alertmanager", { method: "POST", body: "{}" }).catch(() => "cut off");
    await started;
    await http.close(50);
    assert.equal(await pending, "cut off");
  });
});

describe("metrics", () => {
  it("are exposed as Prometheus reads them", async (t) => {
    const metrics = createMetrics({ log: silentLog });
    metrics.rejected("grafana", "unauthorized");
    metrics.queue("run", 7, 1.5);
    metrics.unassessed(3, 12);
    metrics.poisoned();
    metrics.run("p", "succeeded");
    metrics.step("ecs.redeploy", "failed", "throttled");
    metrics.step("ecs.redeploy", "succeeded");
    metrics.guard("cooldown", "deny");
    metrics.approval("approved");
    metrics.outbox(2, 30);
    metrics.posted("slack", "failed");
    metrics.playbooks(12, 1);
    const { ask } = await startHttp(t, { metrics });
    const { text, headers } = await ask("/metrics");
    assert.match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const lines = new Set(text.split("\n"));
    for (const line of [
      'stanch_webhooks_rejected_total{source="grafana",reason="unauthorized"} 1',
      'stanch_queue_depth{queue="run"} 7',
      'stanch_queue_oldest_age_seconds{queue="run"} 1.5',
      "stanch_unassessed_entries 3",
      "stanch_unassessed_oldest_age_seconds 12",
      "stanch_poisoned_total 1",
      'stanch_run_states_total{playbook="p",state="succeeded"} 1',
      'stanch_steps_total{action="ecs.redeploy",outcome="failed",reason="throttled"} 1',
      'stanch_steps_total{action="ecs.redeploy",outcome="succeeded",reason=""} 1',
      'stanch_guard_refusals_total{guard="cooldown",answer="deny"} 1',
      'stanch_approvals_total{status="approved"} 1',
      "stanch_outbox_waiting 2",
      "stanch_outbox_oldest_age_seconds 30",
      'stanch_chat_posts_total{chat="slack",result="failed"} 1',
      "stanch_playbooks_loaded 12",
      "stanch_playbook_faults 1",
    ]) {
      assert.ok(lines.has(line), line);
    }
    assert.match(text, /process_resident_memory_bytes \d/);
  });

  it("are sampled just before they are read, and a sampler that fails hides nothing", async () => {
    const metrics = createMetrics({ log: silentLog });
    let count = 1;
    metrics.sample(async () => metrics.activeRuns(count > 0 ? [{ playbook: "p", state: "executing", count }] : []));
    metrics.sample(() => Promise.reject(new AppError("unavailable", "down")));
    assert.match((await metrics.expose()).body, /stanch_runs\{playbook="p",state="executing"\} 1/);
    count = 0;
    assert.doesNotMatch((await metrics.expose()).body, /state="executing"/);
  });

  it("count what goes wrong with a source from 0 on, so that the first time is an increase", async () => {
    const metrics = createMetrics({ log: silentLog, sources: ["grafana"] });
    const { body } = await metrics.expose();
    assert.match(body, /^stanch_alerts_rejected_total\{source="grafana"\} 0$/m);
    assert.match(body, /^stanch_webhooks_rejected_total\{source="grafana",reason="unauthorized"\} 0$/m);
    assert.doesNotMatch(body, /source="alertmanager"/);
  });

  it("are needed by nobody: two registries live side by side", async () => {
    const [first, second] = [createMetrics({ log: silentLog }), createMetrics({ log: silentLog })];
    first.poisoned();
    assert.match((await first.expose()).body, /stanch_poisoned_total 1/);
    assert.match((await second.expose()).body, /stanch_poisoned_total 0/);
  });
});

it("logs changes with who asked for them, and no secrets", async (t) => {
  const lines: object[] = [];
  const keep = (fields: object) => lines.push(fields);
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const { ask } = await startHttp(t, { log, desk: stubDesk().desk });
  await ask("/api/v1/runs", { token: TOKENS.viewer });
  await ask("/api/v1/incidents/inc-1/ack", {
    method: "POST",
    token: TOKENS.operator,
    headers: { "x-request-id": "r1" },
  });
  assert.deepEqual(lines, [
    { requestId: "r1", actor: "oncall-cli", via: "api", method: "POST", path: "/api/v1/incidents/inc-1/ack" },
  ]);
});
