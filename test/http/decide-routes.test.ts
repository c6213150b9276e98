import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Decision } from "../../src/core/decision.ts";
import { apiRoutes } from "../../src/http/routes/index.ts";
import { startHttp, TOKENS } from "./support.ts";

const API = "/api/v1";

type Case = readonly [method: string, path: string, body: object | undefined, decision: Decision];

const decisions: readonly Case[] = [
  ["POST", "/runs", { playbook: "p", vars: { a: "b" } }, { verb: "run", playbook: "p", vars: { a: "b" } }],
  ["POST", "/runs", { playbook: "p", incident: "inc-1" }, { verb: "run", playbook: "p", vars: {}, incident: "inc-1" }],
  ["POST", "/runs/run-1/cancel", undefined, { verb: "cancel", run: "run-1" }],
  ["POST", "/runs/run-1/cancel", { reason: " no " }, { verb: "cancel", run: "run-1", reason: "no" }],
  ["POST", "/runs/run-1/answer", { answer: "not-done" }, { verb: "answer", run: "run-1", answer: "not-done" }],
  ["POST", "/approvals/apr-1", { decision: "approve" }, { verb: "approve", approval: "apr-1" }],
  [
    "POST",
    "/approvals/apr-1",
    { decision: "approve", keep: true, reason: "r" },
    { verb: "approve", approval: "apr-1", keep: true, reason: "r" },
  ],
  ["POST", "/approvals/apr-1", { decision: "approve", keep: false }, { verb: "approve", approval: "apr-1" }],
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
    assert.deepEqual(await faultsOf("/approvals/a", '{"decision":"approve","force":true}'), ["force"]);
    assert.deepEqual(await faultsOf("/approvals/a", '{"decision":"reject","keep":true}'), ["keep"]);
    assert.deepEqual(await faultsOf("/approvals/a", '{"decision":"approve","keep":"yes"}'), ["keep"]);
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
