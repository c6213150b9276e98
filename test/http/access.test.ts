import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { describe, it } from "node:test";
import { AppError } from "../../src/core/errors.ts";
import { apiRoutes } from "../../src/http/routes/index.ts";
import { startHttp, stubDesk, TOKENS } from "./support.ts";

const API = "/api/v1";

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

  it("no foreign web page with an alert, nor one whose name was made to lead here", async (t) => {
    const { ask, port } = await startHttp(t, { tokens: [], insecure: true });
    const alert = { method: "POST", body: '{"alerts":[]}' };
    assert.equal((await ask("/webhooks/alertmanager", alert)).status, 202);
    const evil = await ask("/webhooks/alertmanager", { ...alert, headers: { origin: "https://evil.example" } });
    assert.equal(evil.status, 403);
    const host = `evil.example:${port}`;
    const rebound = request({
      port,
      host: "127.0.0.1",
      method: "POST",
      path: `${API}/pause`,
      headers: { host, origin: `http://${host}` },
    }).end();
    const [answer] = (await once(rebound, "response")) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 403);
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
