import { type Queue, type QueueName, queueOf } from "../core/queue.ts";
import type { Milliseconds } from "../core/time.ts";
import { createPlaces, type Places } from "./places.ts";

export type LocalFirstOptions = {
  /** Told of everything that went wrong and was survived; `what` names the act. */
  onError?(error: unknown, what: string): void;
  /** The fault tier loses wake-ups with it: true drops this one. */
  dropAdds?(member: string): boolean;
};

/** How long an aborted handler may take to return. */
const LAST_WORDS: Milliseconds = 500;

/**
 * The queue for those who cause wake-ups in a process that works on them as well: what is to happen at once is handled there, in as many
 * places again as it has for jobs, and only the rest becomes a job. The due set has them all, as it has the jobs.
 */
export function localFirst(queue: Queue, options: LocalFirstOptions = {}): Queue {
  const own = new Map<QueueName, Places>();
  const draining = new AbortController();
  const abort = new AbortController();
  let stopped: Promise<void> | undefined;
  const stop = async (grace: Milliseconds): Promise<void> => {
    const all = [...own.values()];
    own.clear();
    draining.abort(new Error("shutting down"));
    for (const places of all) places.passOnWaiting();
    await Promise.all([queue.stop(grace), finish(all, abort, grace)]);
  };
  return {
    ...queue,
    async wake(member, sequence, delay = 0) {
      const places = delay > 0 ? undefined : own.get(queueOf(member));
      if (!places) return queue.wake(member, sequence, delay);
      if (!options.dropAdds?.(member)) places.take({ member, sequence });
    },
    async work(names, concurrency, handler) {
      await queue.work(names, concurrency, handler);
      const places = {
        count: concurrency,
        handler,
        signal: abort.signal,
        draining: draining.signal,
        onError: (error: unknown, member: string) => options.onError?.(error, `handling the wake-up of ${member}`),
        passOn: ({ member, sequence }: { member: string; sequence: number }) => void queue.wake(member, sequence),
      };
      for (const name of names) own.set(name, createPlaces(places));
    },
    stop(grace) {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}

/** Waits for what is at hand, at most `grace`; then aborts it. */
async function finish(all: readonly Places[], abort: AbortController, grace: Milliseconds): Promise<void> {
  const idle = Promise.all(all.map((places) => places.idle()));
  await within(idle, grace);
  abort.abort(new Error("the grace period of the shutdown is over"));
  await within(idle, LAST_WORDS);
}

async function within(done: Promise<unknown>, length: Milliseconds): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, length).unref();
  await Promise.race([done, promise]);
  clearTimeout(timer);
}
