import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../core/errors.ts";
import type { Place } from "./owner.ts";
import { connectOnce } from "./probe.ts";

export type RunningServer = {
  pid: number;
  /** Resolves with how it ended. */
  exited: Promise<string>;
  /** SIGTERM, so that it writes its file to the end; SIGKILL when it takes longer than five seconds. */
  stop(): Promise<void>;
};

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;

/** Starts the first program that is installed and waits until it has loaded its file and answers. */
export async function launch(programs: readonly string[], place: Place): Promise<RunningServer> {
  for (const program of programs) {
    const child = await spawned(program, place);
    if (!child?.pid) continue;
    const exited = once(child, "exit").then(
      ([code, signal]) => `${program} ended with ${signal ?? `exit code ${code}`}`,
    );
    const watchdog = watch(child.pid);
    void exited.then(() => watchdog.stdin?.end("done\n"));
    const server = { pid: child.pid, exited, stop: () => stop(child, exited) };
    await ready(place, server);
    return server;
  }
  const message = `starting the embedded Redis: none of ${programs.join(", ")} is on PATH; install one (on Debian: apt-get install redis-server) or set REDIS_URL`;
  throw new AppError("invalid_config", message);
}

/** Undefined when the program is not installed. In its own session, so that Ctrl-C reaches stanch only, which stops it last. */
async function spawned(program: string, place: Place): Promise<ChildProcess | undefined> {
  const child = spawn(program, ["-"], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.stdin.on("error", () => undefined);
  try {
    await once(child, "spawn");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  child.stdin.end(directives(place));
  return child;
}

/**
 * Through standard input, so that the password is in no process list. `appendfsync always`: with `everysec` Redis confirms what it has not
 * written while an fsync takes long, and its end then loses that (ADR 16).
 */
function directives({ directory, port, password }: Place): string {
  return `bind 127.0.0.1
port ${port}
requirepass ${password}
dir ${JSON.stringify(directory)}
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
`;
}

/** A shell that ends the server when this process is gone without a word (SIGKILL): its standard input closes then. */
function watch(pid: number): ChildProcess {
  const script = `read -r word; [ "$word" = done ] || kill "$0"`;
  const shell = spawn("/bin/sh", ["-c", script, String(pid)], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return shell;
}

async function ready(place: Place, server: RunningServer): Promise<void> {
  let ended: string | undefined;
  void server.exited.then((reason) => {
    ended = reason;
  });
  for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline && ended === undefined; await sleep(20)) {
    const redis = await connectOnce(place);
    if (!redis) continue;
    redis.disconnect();
    return;
  }
  await server.stop();
  const why = ended ?? `it did not answer within ${READY_WITHIN_MS / 1000} s`;
  const message = `starting the embedded Redis in ${place.directory}: ${why}; check that the directory can be written and its file is whole, or set REDIS_URL`;
  throw new AppError("unavailable", message);
}

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}
