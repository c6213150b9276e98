import type { Log } from "../core/log.ts";
import type { WakeHandler } from "../core/queue.ts";
import type { Milliseconds } from "../core/time.ts";

/** Starts a new run in the worker that has just created it, without the way through the queue. */
export type LocalWakes = {
  use(handler: WakeHandler, atOnce: number): void;
  /** False when this process handles no wake-ups or has enough to do: then the queue takes it. */
  start(member: string): boolean;
  stop(grace: Milliseconds): Promise<void>;
};

/**
 * The first wake-up of a run is the one that people wait for. It needs no job: the run stands in the `due` set with the commit
 * that created it, so when this process dies the sweeper of another one finds it.
 */
export function createLocalWakes(log: Pick<Log, "warn">): LocalWakes {
  const flying = new Set<Promise<void>>();
  const draining = new AbortController();
  const abort = new AbortController();
  let used: { handler: WakeHandler; atOnce: number } | undefined;
  return {
    use(handler, atOnce) {
      used = { handler, atOnce };
    },
    start(member) {
      if (!used || draining.signal.aborted || flying.size >= used.atOnce) return false;
      const flight = used
        .handler(member, abort.signal, draining.signal)
        .catch((err: unknown) => log.warn({ err, member }, "a wake-up failed; the sweeper repeats it"))
        .finally(() => flying.delete(flight));
      flying.add(flight);
      return true;
    },
    async stop(grace) {
      draining.abort();
      const cut = setTimeout(() => abort.abort(), grace);
      await Promise.allSettled(flying);
      clearTimeout(cut);
    },
  };
}
