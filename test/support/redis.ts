import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A real redis-server of one test file: its own port on loopback, its own directory, AOF on, noeviction. */
export type TestRedis = {
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  /** Changes with every restart. */
  readonly pid: number;
  /** SIGKILL, as a crash would; the directory stays. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a server that hangs with its connections open. */
  freeze(): void;
  thaw(): void;
  /** Starts again on the same port and directory, so that it loads what the AOF has. */
  restart(): Promise<void>;
  /** Ends it and removes the directory; call it in `after`. */
  stop(): Promise<void>;
};

/** Starts redis-server; `options` are its own directives, e.g. `{ appendfsync: "always" }`. */
export async function startRedis(options: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), "stanch-redis-"));
  for (let attempt = 0; ; attempt++) {
    const port = await freePort();
    const server = await launch(port, directory, options).catch((error: unknown) => error);
    if (!(server instanceof Error)) return testRedis(server as ChildProcess, { port, directory, options });
    if (attempt === 4) throw server;
  }
}

type Place = { port: number; directory: string; options: Readonly<Record<string, string>> };

function testRedis(first: ChildProcess, place: Place): TestRedis {
  let child = first;
  const killOnExit = () => void child.kill("SIGKILL");
  process.on("exit", killOnExit);
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };
  return {
    url: `redis://127.0.0.1:${place.port}/0`,
    port: place.port,
    directory: place.directory,
    get pid() {
      return child.pid ?? 0;
    },
    kill: () => end("SIGKILL"),
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    async restart() {
      await end("SIGKILL");
      child = await launch(place.port, place.directory, place.options);
    },
    async stop() {
      await end("SIGKILL");
      process.off("exit", killOnExit);
      await rm(place.directory, { recursive: true, force: true });
    },
  };
}

async function launch(
  port: number,
  directory: string,
  options: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const directives = {
    port: String(port),
    bind: "127.0.0.1",
    dir: directory,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    ...options,
  };
  const args = Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const gone = once(child, "exit").then(() => {
    throw new Error(`redis-server on port ${port} ended before it was ready`);
  });
  gone.catch(() => undefined);
  await Promise.race([ready(port, child), gone]);
  return child;
}

/** Resolves once this process answers PONG, that is, after the AOF was loaded. */
async function ready(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    if (await answers(port, child)) return;
    await sleep(10);
  }
  throw new Error(`redis-server on port ${port} did not answer within 30 s`);
}

/** Another test may have been given the same port a moment earlier: then its server answers there, until ours gives up. */
function answers(port: number, { pid }: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.end("PING\r\nINFO server\r\nQUIT\r\n"));
    socket.on("data", (data) => {
      text += data.toString();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(text.startsWith("+PONG") && text.includes(`process_id:${pid}\r`)));
  });
}

/** A port on 127.0.0.1 that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was assigned");
  return address.port;
}
