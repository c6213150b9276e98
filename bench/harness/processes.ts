import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { LoadOrder, LoadResult } from "./load.ts";

/** What a server process tells about itself. */
export type Usage = { cpuMicros: number; rss: number; loop: { p99: number; max: number } };

export type Server = {
  port: number;
  pid: number;
  usage(): Promise<Usage>;
  /** Waits for work that it does after its answers, and says when the last of it was done; absent where there is none. */
  settled?(): Promise<number>;
  stop(): Promise<void>;
};

/** As `npm start` has it. */
export const FLAGS: readonly string[] = ["--max-semi-space-size=8"];

/** As `npm start` has it too: code compiled once is not compiled, and the compiler not held in memory, again. */
export const COMPILED = join(import.meta.dirname, "../../node_modules/.cache/stanch-bench");

/** Starts a server of `bench/servers` in a process of its own; `environment` is all it gets. */
export async function startServer(name: string, environment: Readonly<Record<string, string>>): Promise<Server> {
  const child = start(join(import.meta.dirname, "../servers", `${name}.ts`), environment);
  const { port } = await answerOf<{ port: number }>(child);
  return {
    port,
    pid: child.pid ?? 0,
    usage: () => ask<Usage>(child, "usage"),
    stop: () => end(child),
  };
}

/** The process that makes load. */
export type Load = { run(order: LoadOrder): Promise<LoadResult>; stop(): Promise<void> };

export function startLoad(): Load {
  const child = start(join(import.meta.dirname, "load.ts"), {});
  return { run: (order) => ask<LoadResult>(child, order), stop: () => end(child) };
}

/** Starts a process that answers each message with one message. */
export function start(file: string, environment: Readonly<Record<string, string>>): ChildProcess {
  const env = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: COMPILED, ...environment };
  const child = fork(file, [], { env, execArgv: [...FLAGS], stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/** Sends and waits for the answer. */
export async function ask<T>(child: ChildProcess, message: string | object): Promise<T> {
  const answer = answerOf<T>(child);
  child.send(message);
  return answer;
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const gone = new AbortController();
  const left = (): void => gone.abort(new Error(`a process of the benchmark ended early (${child.spawnargs.at(-1)})`));
  child.once("exit", left);
  try {
    const [answer] = await once(child, "message", { signal: gone.signal });
    return answer as T;
  } catch (error) {
    throw gone.signal.aborted ? gone.signal.reason : error;
  } finally {
    child.off("exit", left);
  }
}

/** Ends a process of ours. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
