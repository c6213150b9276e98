import { performance } from "node:perf_hooks";
import { Redis } from "ioredis";
import type { Tx } from "../src/core/store.ts";
import { connectRedisStore } from "../src/store/redis/index.ts";
import { startBenchRedis } from "./harness/redis.ts";
import { interleave } from "./harness/rounds.ts";
import { median, pairRatio, short } from "./harness/statistics.ts";

/*
 * What the one generic script costs (ADR 4): the commit of a step (3 checks, 4 writes) beside a script that was written by
 * hand for just that commit, and beside the four writes in MULTI without any check. Run it: node bench/transaction.ts
 */
const ROUNDS = 9;
const COMMITS = 4_000;
const CONNECTIONS = 32;

type Slice = { redisMicros: number; cpuMicros: number; perSecond: number };

const EVENT = {
  type: "intent",
  at: 1_790_000_000_000,
  path: "redeploy",
  attempt: 1,
  epoch: 1,
  uses: "ecs.redeploy",
  effect: "disruptive",
  input: { cluster: "kong-llm-gateway-poc", service: "litellm" },
  targets: ["ecs:kong-llm-gateway-poc/litellm"],
};
const ENTRY = {
  at: 1_790_000_000_000,
  kind: "step",
  text: "redeploy: force a new deployment",
  by: "stanch",
  runId: "r",
};
const SCOPES = ["global", "playbook:p", "target:t"];

const BY_HAND = `
local P = KEYS[1]
if redis.call('LLEN', P .. 'list:run:r') ~= tonumber(ARGV[1]) then return 0 end
if string.match(redis.call('GET', P .. 'claim:r') or '', '^%d+') ~= ARGV[2] then return 0 end
for k = 3, 5 do if redis.call('GET', P .. 'doc:pause:' .. ARGV[k]) then return 0 end end
redis.call('RPUSH', P .. 'list:run:r', ARGV[6])
redis.call('RPUSH', P .. 'list:timeline:i', ARGV[7])
redis.call('ZADD', P .. 'due', ARGV[8], 'run:r')
redis.call('ZADD', P .. 'index:runs', ARGV[8], 'r')
return 1`;

function commitOf(length: number): Tx {
  return {
    checks: [
      { check: "length", list: "run:r", is: length },
      { check: "claim", run: "r", epoch: 1 },
      { check: "unpaused", scopes: SCOPES },
    ],
    writes: [
      { write: "append", list: "run:r", items: [EVENT] },
      { write: "append", list: "timeline:i", items: [ENTRY] },
      { write: "due", member: "run:r", at: EVENT.at },
      { write: "index", index: "runs", member: "r", score: EVENT.at },
    ],
  };
}

const redis = await startBenchRedis();
const backend = connectRedisStore({ url: redis.url, durability: { kind: "everysec" } });
const plain = new Redis(redis.url);
const sha = String(await plain.script("LOAD", BY_HAND));

const ways: Readonly<Record<string, (length: number) => Promise<unknown>>> = {
  commit: async (length) => {
    if (!(await backend.store.commit(commitOf(length))).ok) throw new Error("a commit was refused");
  },
  "by hand": async (length) => {
    const items = [JSON.stringify(EVENT), JSON.stringify(ENTRY), EVENT.at];
    if ((await plain.evalsha(sha, 1, "{stanch}:", length, 1, ...SCOPES, ...items)) !== 1) throw new Error("refused");
  },
  multi: () =>
    plain
      .multi()
      .rpush("{stanch}:list:run:r", JSON.stringify(EVENT))
      .rpush("{stanch}:list:timeline:i", JSON.stringify(ENTRY))
      .zadd("{stanch}:due", EVENT.at, "run:r")
      .zadd("{stanch}:index:runs", EVENT.at, "r")
      .exec(),
};

/** CPU time of the Redis process, in microseconds; its own figure, so that other processes do not count. */
async function redisCpu(): Promise<number> {
  const info = await redis.client.info("cpu");
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1] ?? 0);
  return (seconds("used_cpu_user_main_thread") + seconds("used_cpu_sys_main_thread")) * 1e6;
}

async function slice(name: string): Promise<Slice> {
  const act = ways[name] ?? (() => Promise.reject(new Error(name)));
  await redis.reset();
  await backend.store.claim("r", 600_000);
  const [redisBefore, cpuBefore, started] = [await redisCpu(), process.cpuUsage(), performance.now()];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < COMMITS) await act(next++);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const redisMicros = ((await redisCpu()) - redisBefore) / COMMITS;
  return { redisMicros, cpuMicros: (user + system) / COMMITS, perSecond: COMMITS / seconds };
}

for (const name of Object.keys(ways)) await slice(name);
const slices = await interleave(Object.keys(ways), ROUNDS, slice);
const of = (name: string, key: keyof Slice): readonly number[] => (slices[name] ?? []).map((one) => one[key]);
for (const name of Object.keys(ways)) {
  const figures = `${short(median(of(name, "redisMicros")))} µs of Redis, ${short(median(of(name, "cpuMicros")))} µs of stanch`;
  console.log(`${name.padEnd(8)} ${figures}, ${Math.round(median(of(name, "perSecond")))} per second`);
}
for (const other of ["by hand", "multi"]) {
  const ratio = pairRatio(of("commit", "redisMicros"), of(other, "redisMicros"));
  console.log(`commit ÷ ${other}, time of Redis: ${short(ratio.median)} (${ratio.range})`);
}
plain.disconnect();
await backend.close();
await redis.stop();
