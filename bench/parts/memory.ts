import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Finding } from "../harness/gates.ts";
import { install } from "../harness/installation.ts";
import { COMPILED, end, FLAGS } from "../harness/processes.ts";
import { startBenchRedis } from "../harness/redis.ts";
import { median } from "../harness/statistics.ts";
import type { PartOptions } from "../parts.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const SETTLED = 3_000;

/** The resident size of `stanch serve` with nothing to do. The size in a storm comes with `storm`, Redis's with `engine`. */
export async function memoryPart({ rounds }: PartOptions): Promise<readonly Finding[]> {
  // The first start compiles, as the first start after an installation does; the later ones count.
  await idleSize();
  const sizes: number[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) sizes.push(await idleSize());
  return [{ id: "memory.idle", value: median(sizes) / 1e6, note: "3 s after the start" }];
}

async function idleSize(): Promise<number> {
  const redis = await startBenchRedis();
  const installation = install("http://127.0.0.1:1", redis.url);
  const env = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: COMPILED, ...installation.environment };
  const child = spawn(process.execPath, [...FLAGS, MAIN, "serve", "--insecure-dev"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await listens(child);
    await sleep(SETTLED);
    return residentBytes(child.pid ?? 0);
  } finally {
    await end(child);
    await redis.stop();
    installation.remove();
  }
}

/** `serve` says so in its first line. */
async function listens(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit").then(() => {
    throw new Error("stanch serve ended early");
  });
  if (child.stdout) await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => undefined);
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1_024;
}
