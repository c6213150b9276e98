import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../core/errors.ts";
import { launch, type RunningServer } from "./launch.ts";
import { forgetOwner, type Place, takeOver } from "./owner.ts";

/** A Redis of this process's own. `url` carries its password: never log it. */
export type EmbeddedRedis = { url: string; pid(): number; stop(): Promise<void> };

export type EmbeddedRedisOptions = {
  /** Where the append-only file lives; made when missing. */
  directory: string;
  /** Which programs to try; the default is what Debian and Valkey install. */
  programs?: readonly string[];
  /** Told when the server ended by itself; it is started again on the same port. */
  onExit?: (reason: string) => void;
};

const RESTART_AFTER_MS = 300;

/**
 * Starts redis-server (or valkey-server) from PATH: append-only file under `directory`, noeviction, loopback only, a
 * random password. It ends with `stop`, with this process even after SIGKILL, and starts again when it dies by itself.
 * @throws AppError `invalid_config` when neither program is installed, `conflict` when another stanch uses the directory.
 */
export async function startEmbeddedRedis({
  directory,
  programs = ["redis-server", "valkey-server"],
  onExit,
}: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const home = resolve(directory);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const place = await takeOver(home);
  try {
    return await supervise({ home, programs, place, onExit });
  } catch (error) {
    await forgetOwner(home);
    throw error;
  }
}

type Supervised = { home: string; programs: readonly string[]; place: Place; onExit: EmbeddedRedisOptions["onExit"] };

async function supervise({ home, programs, place, onExit }: Supervised): Promise<EmbeddedRedis> {
  let server = await launch(programs, place);
  const ending = new AbortController();
  const keepUp = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const reason = await server.exited;
      if (ending.signal.aborted) return;
      onExit?.(reason);
      await sleep(RESTART_AFTER_MS);
      server = await launch(programs, place).catch((error: unknown) => failed(messageOf(error)));
    }
    await server.stop();
  };
  const keeping = keepUp();
  return {
    url: `redis://:${place.password}@127.0.0.1:${place.port}/0`,
    pid: () => server.pid,
    async stop() {
      ending.abort();
      await server.stop();
      await keeping;
      await forgetOwner(home);
    },
  };
}

/** Stands for a server that could not be started again, so that the next turn tries once more. */
function failed(reason: string): RunningServer {
  return { pid: 0, exited: Promise.resolve(reason), stop: async () => undefined };
}
