import { setTimeout as sleepFor } from "node:timers/promises";
import type { Log } from "../core/log.ts";
import type { Queue } from "../core/queue.ts";
import type { Store } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";

export type SweepDeps = { store: Pick<Store, "due" | "now">; queue: Pick<Queue, "wake">; log: Log };

/** Between two sweeps (design 14.3); a lost wake-up is late by at most this. */
export const SWEEP_EVERY: Milliseconds = 5_000;

/** Members woken by one sweep; the rest, being younger, is for the next. */
const SWEEP_LIMIT = 2_000;

/** After this long a wake-up that was queued is taken for lost (its worker froze), and another one is queued beside it. */
const LOST_AFTER: Milliseconds = 30_000;

/** Wakes everything that is due: what the queue lost, dropped or never got. Returns how many; @throws what the store throws. */
export async function sweep(deps: SweepDeps, limit: number = SWEEP_LIMIT): Promise<number> {
  const [due, now] = await Promise.all([deps.store.due(limit), deps.store.now()]);
  if (due.length === limit) deps.log.warn({ limit }, "more is due than one sweep wakes");
  await Promise.all(due.map(({ member, at }) => deps.queue.wake(member, sequenceOf(at, now))));
  return due.length;
}

/**
 * The same as long as the wake-up may still be queued, so that sweeping a busy queue adds nothing to it; another one afterwards.
 * Every worker computes the same, since both instants are the store's.
 */
function sequenceOf(at: Instant, now: Instant): number {
  return at + Math.floor((now - at) / LOST_AFTER);
}

export type SweeperOptions = {
  every?: Milliseconds;
  /** Waits between two sweeps; rejects when the signal aborts. */
  sleep?(length: Milliseconds, signal: AbortSignal): Promise<void>;
};

export type Sweeper = { stop(): Promise<void> };

/** Sweeps at once and then again and again until it is stopped; a store that cannot be reached is tried again next time. */
export function startSweeper(deps: SweepDeps, options: SweeperOptions = {}): Sweeper {
  const { every = SWEEP_EVERY, sleep = sleepUnref } = options;
  const abort = new AbortController();
  const loop = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      await sweep(deps).catch((err: unknown) => deps.log.warn({ err }, "sweeping the due set"));
      await sleep(every, abort.signal).catch(() => undefined);
    }
  };
  const ended = loop();
  return {
    stop() {
      abort.abort();
      return ended;
    },
  };
}

function sleepUnref(length: Milliseconds, signal: AbortSignal): Promise<void> {
  return sleepFor(length, undefined, { signal, ref: false });
}
