import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { createMetrics } from "../../demo/simulator/metrics.ts";
import { moveToNow, startStandIn } from "../../scripts/demo/stand-in.ts";
import { waitFor } from "../../scripts/lib/processes.ts";

const RECORDED = resolve(import.meta.dirname, "../../demo/recorded");
const record = (file: string) => readFileSync(join(RECORDED, file), "utf8");

type Body = { status: string; alerts: { startsAt: string; endsAt: string; fingerprint: string }[] };

describe("recorded notifications", () => {
  it("are moved to now, and nothing else of them changes", () => {
    const now = Date.UTC(2030, 0, 1);
    const firing = JSON.parse(moveToNow(record("firing.json"), now)) as Body;
    assert.equal(firing.alerts[0]?.startsAt, "2030-01-01T00:00:00.000Z");
    assert.equal(firing.alerts[0]?.endsAt, "0001-01-01T00:00:00Z");
    const resolved = JSON.parse(moveToNow(record("resolved.json"), now)) as Body;
    assert.equal(resolved.alerts[0]?.endsAt, "2030-01-01T00:00:00.000Z");
    assert.ok(Date.parse(resolved.alerts[0]?.startsAt ?? "") < now);
    const original = JSON.parse(record("resolved.json")) as Body;
    for (const alert of [...original.alerts, ...resolved.alerts]) Object.assign(alert, { startsAt: "", endsAt: "" });
    assert.deepEqual(resolved, original);
  });

  it("are of one alert: the same fingerprint fires and resolves", () => {
    const [firing, resolved] = ["firing.json", "resolved.json"].map((file) => JSON.parse(record(file)) as Body);
    assert.deepEqual([firing?.status, resolved?.status], ["firing", "resolved"]);
    assert.equal(firing?.alerts[0]?.fingerprint, resolved?.alerts[0]?.fingerprint);
  });
});

describe("stand-in for Prometheus and Alertmanager", () => {
  it("answers the error ratio and plays the firing notification when it stays high", async () => {
    const received: Body[] = [];
    const sink = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      assert.equal(request.headers.authorization, "Bearer secret");
      received.push(JSON.parse(body) as Body);
      response.writeHead(202).end();
    });
    await new Promise<void>((done) => sink.listen(0, "127.0.0.1", done));
    const webhook = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`;
    const metrics = createMetrics();
    const standIn = await startStandIn({ metrics, recorded: RECORDED, webhook, token: "secret" });
    const traffic = setInterval(() => {
      metrics.add("router_requests_total", { provider: "openai" }, 4);
      metrics.add("router_errors_total", { provider: "openai", reason: "server_error" });
    }, 50);
    try {
      await waitFor("the notification", () => received.length > 0, { within: 8_000 });
      assert.equal(received[0]?.status, "firing");
      const answer = await fetch(`${standIn.prometheus}/api/v1/query?query=${encodeURIComponent("a / b")}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      assert.equal(Number(data.result[0]?.value[1]), 0.25);
    } finally {
      clearInterval(traffic);
      await standIn.close();
      sink.close();
    }
  });
});
