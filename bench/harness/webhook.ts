import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { end, type Server } from "./processes.ts";

/** Debian's `webhook` (Go) that runs /bin/true for each call; undefined where it is not installed. */
export async function startWebhook(): Promise<Server | undefined> {
  const dir = mkdtempSync(join(tmpdir(), "stanch-bench-"));
  const hooks = join(dir, "hooks.json");
  writeFileSync(hooks, JSON.stringify([{ id: "alertmanager", "execute-command": "/bin/true" }]));
  const port = await freePort();
  const flags = ["-hooks", hooks, "-ip", "127.0.0.1", "-port", String(port), "-urlprefix", "webhooks"];
  const child = spawn("webhook", flags, { stdio: "ignore" });
  const started = await Promise.race([once(child, "error").then(() => false), listens(port).then(() => true)]);
  if (!started) return undefined;
  return {
    port,
    pid: child.pid ?? 0,
    usage: async () => ({ cpuMicros: cpuMicros(child), rss: Number.NaN, loop: { p99: Number.NaN, max: Number.NaN } }),
    settled: () => settled(child),
    stop: () => stop(child, dir),
  };
}

/** Of the process and the commands it has run; a tick is 10 ms. */
function cpuMicros({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10_000, 0);
}

/** It answers first and runs the commands then: all have run when its CPU time stands still. */
async function settled(child: ChildProcess): Promise<number> {
  let micros = cpuMicros(child);
  let since = performance.now();
  while (performance.now() - since < 300) {
    await sleep(20);
    const now = cpuMicros(child);
    if (now !== micros) since = performance.now();
    micros = now;
  }
  return since;
}

async function stop(child: ChildProcess, dir: string): Promise<void> {
  await end(child);
  rmSync(dir, { recursive: true, force: true });
}

async function listens(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was assigned");
  return address.port;
}
