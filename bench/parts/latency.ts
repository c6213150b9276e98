import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onAnswer } from "../harness/answers.ts";
import type { Finding } from "../harness/gates.ts";
import { BEARER, install } from "../harness/installation.ts";
import { ask, end, start } from "../harness/processes.ts";
import { startBenchRedis } from "../harness/redis.ts";
import { interleave } from "../harness/rounds.ts";
import { pairRatio, quantile, short } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

/** Between two alerts, so that each meets an idle service: the run of the one before has ended and is shown. */
const PAUSE = 40;
const PER_SECOND = 20;
/** Of a slice; of fewer the 99th percentile is the slowest one, which the machine decides. */
const FEWEST = 120;
const LIMIT = 10_000;

/** From the first byte of the webhook call to the engine's call of the first action, beside raw BullMQ from `add` to the processor. */
export async function latencyPart({ rounds, seconds, say }: PartOptions): Promise<readonly Finding[]> {
  const [ourRedis, rawRedis] = await Promise.all([startBenchRedis(), startBenchRedis()]);
  const installation = install("http://127.0.0.1:9", ourRedis.url);
  const stanch = await startStanch(installation.environment);
  const raw = await startRaw(rawRedis.url);
  const count = Math.max(FEWEST, Math.ceil(seconds * PER_SECOND));
  try {
    const measure = {
      stanch: () => alerts(stanch, count),
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
    await Promise.all([end(stanch.child), end(raw)]);
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

type Stanch = { port: number; called(service: string): Promise<number>; child: ChildProcess };

/** The whole service in a process of its own, which tells when it calls a playbook's action. */
async function startStanch(environment: Readonly<Record<string, string>>): Promise<Stanch> {
  const child = start(join(import.meta.dirname, "../servers/stanch.ts"), environment);
  const waiting = new Map<string, (at: number) => void>();
  const { promise: port, resolve } = Promise.withResolvers<number>();
  child.on("message", (message: { port?: number; called?: string; at?: number }) => {
    if (message.port !== undefined) resolve(message.port);
    waiting.get(message.called ?? "")?.(message.at ?? 0);
    waiting.delete(message.called ?? "");
  });
  return { port: await port, child, called: (service) => new Promise((told) => waiting.set(service, told)) };
}

/** Milliseconds on a clock that two processes of one machine share. */
function sharedClock(): number {
  return performance.timeOrigin + performance.now();
}

let serial = 0;

async function alerts({ called: calledAt, port }: Stanch, count: number): Promise<readonly number[]> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let answered: (status: number) => void = () => undefined;
  onAnswer(socket, (status) => answered(status));
  const spent: number[] = [];
  for (let index = 0; index < count; index++) {
    const service = `s${serial++}`;
    const called = calledAt(service);
    const call = webhookCall(body(service));
    const answer = new Promise<number>((resolve) => {
      answered = resolve;
    });
    const before = sharedClock();
    socket.write(call);
    const status = await answer;
    if (status !== 202) throw new Error(`an alert was answered ${status}`);
    const late = sleep(LIMIT, undefined, { ref: false }).then(() => {
      throw new Error(`the alert of ${service} led to no action within ${LIMIT} ms`);
    });
    spent.push((await Promise.race([called, late])) - before);
    await sleep(PAUSE);
  }
  socket.destroy();
  return spent;
}

/** The bytes that Alertmanager's HTTP client sends; rendering them is not stanch's time. */
function webhookCall(text: string): Buffer {
  const head = `POST /webhooks/alertmanager HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Alertmanager/0.25.0\r\nAuthorization: ${BEARER}\r\n`;
  return Buffer.from(
    `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
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
