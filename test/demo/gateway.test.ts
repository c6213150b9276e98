import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Gateway, startGateway } from "../../demo/gateway.ts";
import { DEFAULT_SETTINGS } from "../../demo/simulator/settings.ts";

describe("gateway simulator", () => {
  let gateway: Gateway;
  before(async () => {
    gateway = await startGateway({ traffic: 0 });
  });
  after(() => gateway.close());
  beforeEach(() => {
    gateway.primary.state = "healthy";
    gateway.fallback.state = "healthy";
    gateway.settings.put(DEFAULT_SETTINGS, undefined);
  });

  const put = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}${path}`, { method: "PUT", body: JSON.stringify(body), headers });
  const chat = () => fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body: "{}" });
  const statuses = async (count: number) => {
    const answers: number[] = [];
    for (let sent = 0; sent < count; sent += 1) answers.push((await chat()).status);
    return answers;
  };

  it("answers from the primary provider while it is healthy", async () => {
    const body = (await (await chat()).json()) as { provider: string };
    assert.equal(body.provider, "openai");
  });

  it("fails with 502 when the primary fails, and recovers through the fallback once it is enabled", async () => {
    assert.equal((await put("/simulator/provider", { provider: "openai", state: "failing" })).status, 200);
    assert.deepEqual(await statuses(3), [502, 502, 502]);
    const errors = gateway.metrics.value("router_errors_total", { provider: "openai", reason: "server_error" });
    assert.ok(errors >= 3);
    await put("/settings", { ...DEFAULT_SETTINGS, FALLBACK_ENABLED: true });
    assert.ok((await statuses(10)).every((status) => status === 200));
    const later = gateway.metrics.value("router_errors_total", { provider: "openai", reason: "server_error" });
    assert.ok(later - errors <= 5, `the breaker stops calling the primary: ${later - errors} more errors`);
  });

  it("times out with 504 when the primary is slow", async () => {
    gateway.primary.state = "slow";
    assert.deepEqual(await statuses(1), [504]);
  });

  it("sheds exactly the share it was told to", async () => {
    await put("/settings", { ...DEFAULT_SETTINGS, SHED_RATE: 0.25 });
    const before = gateway.metrics.value("gateway_shed_total", {});
    assert.equal((await statuses(20)).filter((status) => status === 429).length, 5);
    assert.equal(gateway.metrics.value("gateway_shed_total", {}) - before, 5);
  });

  it("refuses a PUT whose If-Match is not the present ETag and leaves the settings alone", async () => {
    const etag = (await fetch(`${gateway.url}/settings`)).headers.get("etag") ?? "";
    assert.equal((await put("/settings", { ...DEFAULT_SETTINGS, SHED_RATE: 0.1 }, { "if-match": etag })).status, 200);
    assert.equal((await put("/settings", { ...DEFAULT_SETTINGS, SHED_RATE: 0.2 }, { "if-match": etag })).status, 412);
    assert.equal(gateway.settings.now.SHED_RATE, 0.1);
  });

  it("refuses unknown settings, wrong types and unknown routes", async () => {
    assert.equal((await put("/settings", { ...DEFAULT_SETTINGS, NOPE: 1 })).status, 422);
    assert.equal((await put("/settings", { ...DEFAULT_SETTINGS, SHED_RATE: "0.1" })).status, 422);
    assert.equal((await put("/simulator/provider", { provider: "openai", state: "sad" })).status, 422);
    assert.equal((await fetch(`${gateway.url}/nope`)).status, 404);
  });

  it("exposes its counters as Prometheus text", async () => {
    await statuses(1);
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    assert.match(text, /^router_requests_total\{provider="openai"\} \d+$/m);
    assert.match(text, /^http_requests_total\{status_code="200"\} \d+$/m);
    assert.match(text, /^gateway_shed_total \d+$/m);
  });

  it("sends traffic to itself when asked", async () => {
    const busy = await startGateway({ traffic: 200 });
    try {
      while (busy.metrics.value("http_requests_total", { status_code: "200" }) < 5) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      await busy.close();
    }
  });
});
