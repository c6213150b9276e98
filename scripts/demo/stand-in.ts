import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Metrics } from "../../demo/simulator/metrics.ts";

/** What the demo uses where Prometheus and Alertmanager are not installed. */
export type StandIn = { prometheus: string; close(): Promise<void> };

type Sample = { at: number; requests: number; errors: number };

const WINDOW_MS = 10_000;
const FIRES_AFTER_MS = 2_000;
const KEEPS_FIRING_MS = 10_000;
const THRESHOLD = 0.05;

/**
 * Answers Prometheus' query API from the simulator's own counters (the error ratio, or the number of calls when the query
 * says `increase`), and plays the recorded Alertmanager notifications when the ratio crosses the rule's threshold.
 */
export async function startStandIn(options: {
  metrics: Metrics;
  recorded: string;
  webhook: string;
  token: string;
}): Promise<StandIn> {
  const samples: Sample[] = [];
  const alert = createAlert((file) => notify({ ...options, file }));
  const timer = setInterval(() => {
    samples.push(sampleOf(options.metrics));
    while ((samples[0]?.at ?? Number.POSITIVE_INFINITY) < Date.now() - WINDOW_MS) samples.shift();
    alert(ratioOf(samples));
  }, 500);
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const query = new URL(request.url ?? "/", "http://x").searchParams.get("query") ?? decodeURIComponent(body);
    const value = query.includes("increase") ? increaseOf(samples) : ratioOf(samples);
    const result = [{ metric: {}, value: [Date.now() / 1000, String(value)] }];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    clearInterval(timer);
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { prometheus: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

function sampleOf(metrics: Metrics): Sample {
  const sum = (name: string) =>
    metrics
      .text()
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  return { at: Date.now(), requests: sum("router_requests_total"), errors: sum("router_errors_total") };
}

function increaseOf(samples: readonly Sample[]): number {
  return (samples.at(-1)?.requests ?? 0) - (samples[0]?.requests ?? 0);
}

function ratioOf(samples: readonly Sample[]): number {
  const errors = (samples.at(-1)?.errors ?? 0) - (samples[0]?.errors ?? 0);
  return increaseOf(samples) === 0 ? 0 : errors / increaseOf(samples);
}

function createAlert(play: (file: "firing.json" | "resolved.json") => Promise<void>): (ratio: number) => void {
  let firing = false;
  let since: number | undefined;
  return (ratio) => {
    if (ratio > THRESHOLD === firing) {
      since = undefined;
      return;
    }
    since ??= Date.now();
    if (Date.now() - since < (firing ? KEEPS_FIRING_MS : FIRES_AFTER_MS)) return;
    firing = !firing;
    since = undefined;
    // A failed delivery is tried again at the next look, as Alertmanager does.
    play(firing ? "firing.json" : "resolved.json").catch(() => {
      firing = !firing;
    });
  };
}

async function notify(options: { recorded: string; file: string; webhook: string; token: string }): Promise<void> {
  const body = moveToNow(await readFile(join(options.recorded, options.file), "utf8"));
  const headers = { authorization: `Bearer ${options.token}`, "content-type": "application/json" };
  const response = await fetch(options.webhook, { method: "POST", headers, body, signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

/** Shifts the recorded times so that the alert started (or, resolved, ended) now; everything else stays as recorded. */
export function moveToNow(body: string, now: number = Date.now()): string {
  const { alerts } = JSON.parse(body) as { alerts: { startsAt: string; endsAt: string }[] };
  const instants = alerts.flatMap((alert) => [alert.startsAt, alert.endsAt]).map((time) => Date.parse(time));
  const shift = now - Math.max(...instants);
  return body.replace(/"(startsAt|endsAt)": ?"(2[^"]+)"/g, (_whole, key: string, time: string) => {
    return `"${key}": "${new Date(Date.parse(time) + shift).toISOString()}"`;
  });
}
