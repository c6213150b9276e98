import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { startRedis, type TestRedis } from "../../test/support/redis.ts";

/** A Redis as production has it: AOF, everysec. It rewrites its file between slices only, for a rewrite takes a core from what is measured. */
export type BenchRedis = {
  url: string;
  client: Redis;
  /** Empties it and writes the AOF anew, so that no slice pays for what the one before has left. */
  reset(): Promise<void>;
  /** Removes the keys of these patterns. */
  drop(...patterns: readonly string[]): Promise<void>;
  usedBytes(): Promise<number>;
  stop(): Promise<void>;
};

export async function startBenchRedis(): Promise<BenchRedis> {
  const server: TestRedis = await startRedis({ appendfsync: "everysec", "auto-aof-rewrite-percentage": "0" });
  const client = new Redis(server.url);
  // From 7.0 on it keeps a histogram of each command's latency: 1.1 MB that no key takes. Older ones do not know the setting.
  await client.config("SET", "latency-tracking", "no").catch(() => undefined);
  return {
    url: server.url,
    client,
    async reset() {
      await client.flushall();
      await untilWritten(client);
      await client.bgrewriteaof();
      await untilWritten(client);
    },
    async drop(...patterns) {
      for (const pattern of patterns) {
        const names = await client.keys(pattern);
        if (names.length > 0) await client.del(names);
      }
    },
    async usedBytes() {
      return Number(/used_memory_dataset:(\d+)/.exec(await client.info("memory"))?.[1] ?? 0);
    },
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}

/** Two rewrites at once are refused. */
async function untilWritten(client: Redis): Promise<void> {
  while (/aof_rewrite_(in_progress|scheduled):1/.test(await client.info("persistence"))) await sleep(20);
}
