import type { ChildProcess } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import type { Finding } from "../harness/gates.ts";
import { BEARER, install } from "../harness/installation.ts";
import { ask, end, start, startServer } from "../harness/processes.ts";
import { startBenchRedis } from "../harness/redis.ts";
import { interleave } from "../harness/rounds.ts";
import { pairRatio, quantile, short } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

/** Between two alerts, so that each meets an idle service. */
const PAUSE = 10;
const PER_SECOND = 50;
const LIMIT = 10_000;

/** From the first byte of the webhook call to the playbook's first HTTP call, beside raw BullMQ from `add` to the processor. */
export async function latencyPart({ rounds, seconds, say }: PartOptions): Promise<readonly Finding[]> {
  const stub = await startStub();
  const [ourRedis, rawRedis] = await Promise.all([startBenchRedis(), startBenchRedis()]);
  const installation = install(stub.url, ourRedis.url);
  const stanch = await startServer("stanch", installation.environment);
  const raw = await startRaw(rawRedis.url);
  const count = Math.ceil(seconds * PER_SECOND);
  try {
    const measure = {
      stanch: () => alerts(stub, stanch.port, count),
      bullmq: () => ask<readonly number[]>(raw, { count, pause: PAUSE }),
    };
    for (const warmUp of Object.values(measure)) await warmUp();
    const slices = await interleave(["stanch", "bullmq"] as const, rounds, (name) => measure[name]());
    for (const [name, made] of Object.entries(slices)) say(line(name, made));
    return [
      { id: "latency.p50", ...ratio(slices, 0.5) },
      { id: "latency.p99", ...ratio(slices, 0.99) },
    ];
  } finally {
    await Promise.all([stanch.stop(), end(raw), stub.stop()]);
    await Promise.all([ourRedis.stop(), rawRedis.stop()]);
    installation.remove();
  }
}

type Slices = { stanch: readonly (readonly number[])[]; bullmq: readonly (readonly number[])[] };

function ratio({ stanch, bullmq }: Slices, share: number): { value: number; note: string } {
  const of = (made: readonly (readonly number[])[]): readonly number[] => made.map((one) => quantile(one, share));
  const { median, range } = pairRatio(of(stanch), of(bullmq));
  return { value: median, note: range };
}

function line(name: string, made: readonly (readonly number[])[]): string {
  const all = made.flat();
  return `latency  ${name.padEnd(7)} p50 ${short(quantile(all, 0.5))} ms, p99 ${short(quantile(all, 0.99))} ms (${all.length})`;
}

async function startRaw(url: string): Promise<ChildProcess> {
  const child = start(join(import.meta.dirname, "../servers/bullmq-raw.ts"), { REDIS_URL: url });
  await new Promise((resolve) => child.once("message", resolve));
  return child;
}

type Stub = { url: string; called(service: string): Promise<number>; stop(): Promise<void> };

/** Takes the playbooks' calls and tells when each came. */
async function startStub(): Promise<Stub> {
  const waiting = new Map<string, (at: number) => void>();
  const server = createServer((incoming, response) => {
    const service = incoming.url?.split("/").at(-1) ?? "";
    waiting.get(service)?.(performance.now());
    waiting.delete(service);
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    called: (service) => new Promise((resolve) => waiting.set(service, resolve)),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let serial = 0;

async function alerts(stub: Stub, port: number, count: number): Promise<readonly number[]> {
  const agent = new Agent({ connections: 1 });
  const spent: number[] = [];
  for (let index = 0; index < count; index++) {
    const service = `s${serial++}`;
    const called = stub.called(service);
    const before = performance.now();
    const answer = await request(`http://127.0.0.1:${port}/webhooks/alertmanager`, {
      method: "POST",
      headers: { authorization: BEARER, "content-type": "application/json" },
      body: body(service),
      dispatcher: agent,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 202) throw new Error(`an alert was answered ${answer.statusCode}: ${text}`);
    const late = sleep(LIMIT, undefined, { ref: false }).then(() => {
      throw new Error(`the alert of ${service} led to no action within ${LIMIT} ms`);
    });
    spent.push((await Promise.race([called, late])) - before);
    await sleep(PAUSE);
  }
  await agent.close();
  return spent;
}

function body(service: string): string {
  const labels = { alertname: "Read", service, severity: "critical" };
  const alert = {
    status: "firing",
    labels,
    annotations: { summary: "the benchmark's alert" },
    startsAt: new Date().toISOString(),
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus:9090/graph",
    fingerprint: Buffer.from(service.padStart(8, "0")).toString("hex").slice(-16),
  };
  const groupLabels = { alertname: labels.alertname, service };
  const groupKey = `{}:{alertname="Read", service="${service}"}`;
  return JSON.stringify({
    version: "4",
    status: "firing",
    receiver: "stanch",
    groupKey,
    groupLabels,
    commonLabels: labels,
    truncatedAlerts: 0,
    alerts: [alert],
  });
}
