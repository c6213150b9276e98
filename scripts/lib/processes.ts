import { type ChildProcess, spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A child process of ours; `stop` ends it with SIGTERM, after 5 s with SIGKILL, and waits until it is gone. */
export type Running = {
  name: string;
  pid: number;
  /** What it has written to stdout and stderr so far, the last 64 KiB. */
  output(): string;
  /** Exit code, or the signal's name, once it has ended. */
  ended(): number | string | undefined;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

export type Launch = { cwd?: string; env?: Readonly<Record<string, string | undefined>> };

const KEPT_OUTPUT = 65_536;
const GRACE_MS = 5_000;

/** Starts a program without a shell and without stdin. @throws Error when it cannot be started. */
export async function startProcess(
  name: string,
  [command, ...args]: readonly [string, ...string[]],
  launch: Launch = {},
): Promise<Running> {
  const child = spawn(command, args, { ...launch, stdio: ["ignore", "pipe", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => reject(new Error(`starting ${name} (${command})`, { cause })));
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-KEPT_OUTPUT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = () => child.exitCode ?? child.signalCode ?? undefined;
  return { name, pid: child.pid ?? 0, output: () => output, ended, stop: (signal) => stop(child, signal) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const late = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await gone;
  clearTimeout(late);
}

/** A TCP port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export type Patience = {
  /** Milliseconds until it gives up. */
  within: number;
  /** Milliseconds between two looks; 100 unless told. */
  every?: number;
  /** Processes that must stay alive meanwhile; when one ends, its last words are part of the error. */
  needs?: readonly Running[];
};

/**
 * Looks again and again until `look` gives something other than undefined or false, and returns that. What `look` throws
 * counts as "not yet". @throws Error with the last failure when time is over or a needed process has ended.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  patience: Patience,
): Promise<T> {
  const deadline = performance.now() + patience.within;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    const dead = patience.needs?.find((process) => process.ended() !== undefined);
    if (dead !== undefined) throw new Error(`waiting for ${what}: ${dead.name} has ended\n${dead.output()}`);
    if (performance.now() > deadline) throw new Error(`waited ${patience.within} ms for ${what}`, { cause: last });
    await sleep(patience.every ?? 100);
  }
}

/** True once `url` answers with a 2xx. */
export async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
}
