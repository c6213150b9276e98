import type { Finding } from "../harness/gates.ts";
import type { LoadOrder, LoadResult } from "../harness/load.ts";
import { type Load, type Server, startLoad, startServer } from "../harness/processes.ts";
import { type BenchRedis, startBenchRedis } from "../harness/redis.ts";
import { interleave } from "../harness/rounds.ts";
import { median, pairRatio, short } from "../harness/statistics.ts";
import { startWebhook } from "../harness/webhook.ts";
import type { PartOptions } from "../parts.ts";

const PATH = "/webhooks/alertmanager";
const CONNECTIONS = 32;
const SIZES = [1, 10, 100] as const;
const MODES = ["new", "repeat"] as const;

type Contender = { server: Server; redis?: BenchRedis };
type Slice = { perSecond: number; cpuMicros: number };
type Bench = { load: Load; contenders: Readonly<Record<string, Contender>>; options: PartOptions };

/** Serial numbers of alerts: each slice gets a range of its own. */
let serial = 1;
const SLICE_SERIALS = 10_000_000;

/** The accept path beside bare Express with JSON, Express with one XADD, and Debian's webhook where it is installed. */
export async function acceptPart(options: PartOptions): Promise<readonly Finding[]> {
  const load = startLoad();
  const contenders = await startContenders();
  const bench = { load, contenders, options };
  try {
    const findings: Finding[] = [];
    for (const mode of MODES) for (const size of SIZES) findings.push(...(await compare(bench, mode, size)));
    return findings;
  } finally {
    await load.stop();
    await Promise.all(Object.values(contenders).map(stop));
  }
}

async function startContenders(): Promise<Readonly<Record<string, Contender>>> {
  const [xaddRedis, stanchRedis] = await Promise.all([startBenchRedis(), startBenchRedis()]);
  const webhook = await startWebhook();
  return {
    "express+json": { server: await startServer("express-json", {}) },
    "express+xadd": { server: await startServer("express-xadd", { REDIS_URL: xaddRedis.url }), redis: xaddRedis },
    stanch: { server: await startServer("stanch-accept", { REDIS_URL: stanchRedis.url }), redis: stanchRedis },
    ...(webhook && { webhook: { server: webhook } }),
  };
}

async function stop({ server, redis }: Contender): Promise<void> {
  await server.stop();
  await redis?.stop();
}

async function compare(bench: Bench, mode: "new" | "repeat", size: number): Promise<readonly Finding[]> {
  const { options, contenders } = bench;
  const names = Object.keys(contenders).filter((name) => name !== "webhook" || mode === "new");
  for (const name of names) await slice(bench, name, { mode, size, seconds: options.seconds / 2 });
  const slices = await interleave(names, options.rounds, (name) =>
    slice(bench, name, { mode, size, seconds: options.seconds }),
  );
  for (const name of names) {
    const made = slices[name] ?? [];
    const rate = median(made.map(({ perSecond }) => perSecond));
    const cpu = median(made.map(({ cpuMicros }) => cpuMicros));
    const line = `accept ${mode} ${String(size).padStart(3)}  ${name.padEnd(13)} ${rate.toFixed(0).padStart(7)} requests/s`;
    options.say(Number.isNaN(cpu) ? line : `${line}  ${cpu.toFixed(0).padStart(6)} CPU µs/request`);
  }
  const finding = ratioTo(slices, "express+xadd", `accept.${mode}.${size}`);
  if (mode === "repeat") return [finding];
  return [finding, ratioTo(slices, "webhook", `accept.webhook.${size}`)];
}

function ratioTo(slices: Readonly<Record<string, readonly Slice[]>>, name: string, id: string): Finding {
  const [ours, theirs] = [slices["stanch"], slices[name]];
  if (!ours || !theirs) return { id, value: undefined, note: `${name} is not installed` };
  const rate = (slice: Slice): number => slice.perSecond;
  const { median: value, range } = pairRatio(ours.map(rate), theirs.map(rate));
  return { id, value, note: `${range}${cpuNote(ours, theirs)}` };
}

function cpuNote(ours: readonly Slice[], theirs: readonly Slice[]): string {
  const cpu = (slice: Slice): number => slice.cpuMicros;
  const ratio = pairRatio(theirs.map(cpu), ours.map(cpu)).median;
  return Number.isNaN(ratio) ? "" : `; by CPU time ${short(ratio)}`;
}

type What = { mode: "new" | "repeat"; size: number; seconds: number };

async function slice({ load, contenders }: Bench, name: string, what: What): Promise<Slice> {
  const contender = contenders[name];
  if (!contender) throw new Error(`no contender ${name}`);
  await contender.redis?.reset();
  serial += SLICE_SERIALS;
  const order: LoadOrder = {
    port: contender.server.port,
    path: PATH,
    alerts: what.size,
    mode: what.mode,
    connections: CONNECTIONS,
    seconds: what.seconds,
    serial,
  };
  const before = await contender.server.usage();
  const started = performance.now();
  const result = await load.run(order);
  const done = await contender.server.settled?.();
  const after = await contender.server.usage();
  assertAnswered(name, result);
  const requests = result.requests;
  // Who answers before the work is done is measured until it is.
  const seconds = done === undefined ? result.seconds : Math.max(result.seconds, (done - started) / 1_000);
  return { perSecond: requests / seconds, cpuMicros: (after.cpuMicros - before.cpuMicros) / requests };
}

function assertAnswered(name: string, { requests, failures }: LoadResult): void {
  if (requests === 0) throw new Error(`${name} answered nothing`);
  if (failures > 0) throw new Error(`${name} refused ${failures} of ${requests} requests`);
}
