import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { Agent, request } from "undici";
import { STREAM } from "../../src/store/redis/keys.ts";
import type { Finding } from "../harness/gates.ts";
import { BEARER, install } from "../harness/installation.ts";
import { stamp, template } from "../harness/payload.ts";
import { type Server, startServer, type Usage } from "../harness/processes.ts";
import { type BenchRedis, startBenchRedis } from "../harness/redis.ts";
import { median, pairRatio, short } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

const ALERTS = 10_000;
const INCIDENTS = [1, 1_000] as const;
/** Bodies under way at a time. */
const CONNECTIONS = 16;

type Storm = { seconds: number; xaddSeconds: number; usage: Usage; peakRss: number; bytesPerAlert: number };

/** 10,000 new alerts at once, until the last is assessed, beside the time that 10,000 XADDs take; with sizes and loop delays. */
export async function stormPart({ rounds, say }: PartOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const all: Storm[] = [];
  for (const incidents of INCIDENTS) {
    const storms: Storm[] = [];
    for (let round = 0; round < Math.min(rounds, 5); round++) storms.push(await storm(incidents));
    all.push(...storms);
    const ours = storms.map(({ seconds }) => seconds);
    const theirs = storms.map(({ xaddSeconds }) => xaddSeconds);
    const { median: value, range } = pairRatio(ours, theirs);
    say(`storm  ${incidents} incidents: assessed in ${short(median(ours))} s, XADDs in ${short(median(theirs))} s`);
    findings.push({ id: `storm.${incidents}`, value, note: range });
  }
  const middle = (of: (storm: Storm) => number): number => median(all.map(of));
  return [
    ...findings,
    { id: "storm.loop.p99", value: middle(({ usage }) => usage.loop.p99), note: "median of the storms" },
    { id: "storm.loop.max", value: middle(({ usage }) => usage.loop.max), note: "median of the storms" },
    { id: "memory.storm", value: middle(({ peakRss }) => peakRss / 1e6), note: "peak, median of the storms" },
    {
      id: "redis.open alert",
      value: middle(({ bytesPerAlert }) => bytesPerAlert / 1_000),
      note: "all keys, per alert",
    },
  ];
}

/** A service of its own for each storm, since the peak of its size is one per process. */
async function storm(incidents: number): Promise<Storm> {
  const [redis, other] = await Promise.all([startBenchRedis(), startBenchRedis()]);
  const installation = install("http://127.0.0.1:1", redis.url);
  const server = await startServer("stanch", installation.environment);
  try {
    const bodies = bodiesFor(incidents);
    const xaddSeconds = await timed(() => addAll(other.url));
    const before = await redis.usedBytes();
    await server.usage();
    const seconds = await timed(() => sendAndWait(server, redis, bodies));
    const usage = await server.usage();
    const bytesPerAlert = ((await redis.usedBytes()) - before) / ALERTS;
    return { seconds, xaddSeconds, usage, peakRss: peakOf(server.pid), bytesPerAlert };
  } finally {
    await server.stop();
    await Promise.all([redis.stop(), other.stop()]);
    installation.remove();
  }
}

function bodiesFor(incidents: number): readonly Buffer[] {
  const perBody = Math.min(100, ALERTS / incidents);
  return Array.from({ length: ALERTS / perBody }, (_, index) => {
    const made = template(perBody, `service-${index % incidents}`);
    stamp(made, made.body, 1 + index * perBody);
    return made.body;
  });
}

async function sendAndWait(server: Server, redis: BenchRedis, bodies: readonly Buffer[]): Promise<void> {
  const agent = new Agent({ connections: CONNECTIONS });
  const left = [...bodies];
  const send = async (): Promise<void> => {
    for (let body = left.pop(); body !== undefined; body = left.pop()) await post(agent, server.port, body);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  while ((await redis.client.xlen(STREAM)) > 0) await sleep(5);
  await agent.close();
}

async function post(dispatcher: Agent, port: number, body: Buffer): Promise<void> {
  const headers = { authorization: BEARER, "content-type": "application/json" };
  const url = `http://127.0.0.1:${port}/webhooks/alertmanager`;
  const answer = await request(url, { method: "POST", headers, body, dispatcher });
  const text = await answer.body.text();
  if (answer.statusCode !== 202) throw new Error(`an alert was answered ${answer.statusCode}: ${text}`);
}

/** One XADD per alert, all at once on one connection. */
async function addAll(url: string): Promise<void> {
  const redis = new Redis(url);
  const alert = template(1).body;
  await Promise.all(Array.from({ length: ALERTS }, () => redis.xadd("alerts", "*", "body", alert)));
  redis.disconnect();
}

async function timed(act: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await act();
  return (performance.now() - started) / 1_000;
}

/** The largest resident size that the process ever had, in bytes. */
function peakOf(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1_024;
}
