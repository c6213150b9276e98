import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Finding } from "../harness/gates.ts";
import { ask, end, start } from "../harness/processes.ts";
import { type BenchRedis, startBenchRedis } from "../harness/redis.ts";
import { interleave } from "../harness/rounds.ts";
import { median, pairRatio, short } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

const STEPS = 5;
const RUNS = 1_000;
const CONCURRENCIES = [10, 50, 200] as const;
const CONTENDERS = ["stanch", "reading", "bare", "bullmq"] as const;
type Contender = (typeof CONTENDERS)[number];

type Bench = { processes: Readonly<Record<Contender, ChildProcess>>; redis: Readonly<Record<Contender, BenchRedis>> };

/**
 * Steps per second with intent, guards, outcome and timeline journaled, beside raw BullMQ jobs that do nothing. `bare` is the least that
 * an engine of this design can do (`bench/servers/bare.ts`): what it reaches bounds what stanch's can.
 */
export async function enginePart(options: PartOptions): Promise<readonly Finding[]> {
  const [engineRedis, rawRedis] = await Promise.all([startBenchRedis(), startBenchRedis()]);
  const engine = await startProcess("engine", engineRedis.url);
  const bare = await startProcess("bare", rawRedis.url);
  const raw = await startProcess("bullmq-raw", rawRedis.url);
  const bench: Bench = {
    processes: { stanch: engine, reading: engine, bare, bullmq: raw },
    redis: { stanch: engineRedis, reading: engineRedis, bare: rawRedis, bullmq: rawRedis },
  };
  try {
    const findings: Finding[] = [];
    for (const concurrency of CONCURRENCIES) findings.push(await compare(bench, concurrency, options));
    return [...findings, await storedSize(bench)];
  } finally {
    await Promise.all([engine, bare, raw].map(end));
    await Promise.all([engineRedis.stop(), rawRedis.stop()]);
  }
}

async function startProcess(name: string, url: string): Promise<ChildProcess> {
  const child = start(join(import.meta.dirname, "../servers", `${name}.ts`), { REDIS_URL: url });
  await new Promise((resolve) => child.once("message", resolve));
  return child;
}

async function compare(bench: Bench, concurrency: number, { rounds, say }: PartOptions): Promise<Finding> {
  for (const name of CONTENDERS) await stepsPerSecond(bench, name, concurrency);
  const slices = await interleave(CONTENDERS, rounds, (name) => stepsPerSecond(bench, name, concurrency));
  const rate = (name: Contender): number => median(slices[name]);
  say(
    `engine ${String(concurrency).padStart(3)}  changing steps ${rate("stanch").toFixed(0)}/s (${micros(rate("stanch"))}), ` +
      `reading steps ${rate("reading").toFixed(0)}/s (${micros(rate("reading"))}), bare ones ${rate("bare").toFixed(0)}/s, BullMQ jobs ${rate("bullmq").toFixed(0)}/s; ` +
      `guards, intent and outcome of a change ${micros(1 / (1 / rate("stanch") - 1 / rate("reading")))}`,
  );
  const { median: value, range } = pairRatio(slices.stanch, slices.bullmq);
  const [reading, bare] = [slices.reading, slices.bare].map((some) => short(pairRatio(some, slices.bullmq).median));
  return { id: `engine.${concurrency}`, value, note: `${range}; steps that only read ${reading}, bare ${bare}` };
}

/** The time of one where so many are done in a second. */
function micros(perSecond: number): string {
  return `${(1e6 / perSecond).toFixed(0)} µs each`;
}

async function stepsPerSecond({ processes, redis }: Bench, name: Contender, concurrency: number): Promise<number> {
  await redis[name].reset();
  const jobs = RUNS * STEPS;
  const order =
    name === "bullmq"
      ? { jobs, concurrency }
      : { runs: RUNS, concurrency, effect: name === "stanch" ? "reversible" : "read" };
  const { seconds } = await ask<{ seconds: number }>(processes[name], order);
  return jobs / seconds;
}

/**
 * What Redis keeps of a run of five changing steps once it has ended and its journal is sealed, with its timeline. Wake-ups for chats
 * and incidents, which nobody takes here, are not kept.
 */
async function storedSize(bench: Bench): Promise<Finding> {
  const redis = bench.redis.stanch;
  await redis.reset();
  const before = await redis.usedBytes();
  await ask(bench.processes.stanch, { runs: RUNS, concurrency: 50, effect: "reversible", seal: true });
  await redis.drop("{stanch}:run:*", "{stanch}:notify:*", "{stanch}:due");
  const bytes = ((await redis.usedBytes()) - before) / RUNS;
  return { id: "redis.finished 5-step run", value: bytes / 1_000, note: "with incident, alert and timeline" };
}
