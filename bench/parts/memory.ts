import { setTimeout as sleep } from "node:timers/promises";
import type { Finding } from "../harness/gates.ts";
import { install } from "../harness/installation.ts";
import { startServer } from "../harness/processes.ts";
import { startBenchRedis } from "../harness/redis.ts";
import { median } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

const SETTLED = 3_000;

/** The resident size of a service that has nothing to do. The size in a storm, and Redis's, come with `storm` and `engine`. */
export async function memoryPart({ rounds }: PartOptions): Promise<readonly Finding[]> {
  const sizes: number[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) sizes.push(await idleSize());
  return [{ id: "memory.idle", value: median(sizes) / 1e6, note: "3 s after the start" }];
}

async function idleSize(): Promise<number> {
  const redis = await startBenchRedis();
  const installation = install("http://127.0.0.1:1", redis.url);
  const server = await startServer("stanch", installation.environment);
  try {
    await sleep(SETTLED);
    return (await server.usage()).rss;
  } finally {
    await server.stop();
    await redis.stop();
    installation.remove();
  }
}
