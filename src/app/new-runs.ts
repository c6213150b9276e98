import type { Log } from "../core/log.ts";
import type { Milliseconds } from "../core/time.ts";
import type { NewRun } from "../flow/run/advance.ts";

/** Advances a run that the commit which created it has claimed already. */
export type NewRunHandler = (run: NewRun, signal: AbortSignal, draining: AbortSignal) => Promise<void>;

/** One place among those that this process has for new runs: taken before the commit, used or left after it. */
export type Place = { begin(run: NewRun): void; leave(): void };

/** Begins a new run in the worker that creates it, without the way through the queue. */
export type NewRuns = {
  use(handler: NewRunHandler, atOnce: number): void;
  /** Undefined when this process advances no runs or has enough to do: then the queue takes it. */
  place(): Place | undefined;
  stop(grace: Milliseconds): Promise<void>;
};

/**
 * The first move of a run is the one that people wait for. It needs no job: the commit that creates the run claims it and makes
 * it due at the claim's end, so when this process dies the sweeper of another one finds it.
 */
export function createNewRuns(log: Pick<Log, "warn">): NewRuns {
  const taken = new Set<Promise<void>>();
  const draining = new AbortController();
  const abort = new AbortController();
  let used: { handler: NewRunHandler; atOnce: number } | undefined;
  return {
    use(handler, atOnce) {
      used = { handler, atOnce };
    },
    place() {
      if (!used || draining.signal.aborted || taken.size >= used.atOnce) return undefined;
      const { handler } = used;
      const { promise, resolve } = Promise.withResolvers<void>();
      taken.add(promise);
      const leave = (): void => {
        taken.delete(promise);
        resolve();
      };
      return {
        leave,
        begin(run) {
          handler(run, abort.signal, draining.signal)
            .catch((err: unknown) =>
              log.warn({ err, run: run.claim.run }, "a new run's first move failed; the sweeper repeats it"),
            )
            .finally(leave);
        },
      };
    },
    async stop(grace) {
      draining.abort();
      const cut = setTimeout(() => abort.abort(), grace);
      await Promise.allSettled(taken);
      clearTimeout(cut);
    },
  };
}
