import { QUEUE_NAMES, type Queue, type QueueName, queueOf, type WakeHandler } from "../core/queue.ts";
import type { Instant } from "../core/time.ts";
import { jobIdOf } from "./job-id.ts";

export type MemoryQueueOptions = {
  clock: { now(): Instant };
  onError?(error: unknown, what: string): void;
  dropAdds?(member: string): boolean;
};

/** The queue's twin for tests, `plan` and `stanch test`: time is the given clock's, and nothing runs but in `drain`. */
export type MemoryQueue = Queue & {
  /** Runs every wake-up that is due, also those that these cause, one after the other; returns how many ran. */
  drain(): Promise<number>;
  /** When the earliest waiting wake-up is due. */
  next(): Instant | undefined;
};

type Job = { id: string; member: string; at: Instant; active: boolean };

/** More wake-ups than this in one `drain` is a handler that wakes itself for ever. */
const ENDLESS = 100_000;

/** @throws Error from `drain` when the wake-ups never end. */
export function createMemoryQueue(options: MemoryQueueOptions): MemoryQueue {
  const jobs = new Map<string, Job>();
  const handlers = new Map<QueueName, WakeHandler>();
  const abort = new AbortController();
  const draining = new AbortController();

  const ready = (): Job | undefined => {
    const now = options.clock.now();
    let first: Job | undefined;
    for (const job of jobs.values()) {
      if (job.active || job.at > now || !handlers.has(queueOf(job.member))) continue;
      if (!first || job.at < first.at) first = job;
    }
    return first;
  };
  const perform = async (job: Job): Promise<void> => {
    job.active = true;
    try {
      await handlers.get(queueOf(job.member))?.(job.member, abort.signal, draining.signal);
    } catch (error) {
      options.onError?.(error, `handling the wake-up of ${job.member}`);
    } finally {
      jobs.delete(job.id);
    }
  };

  return {
    async wake(member, sequence, delay = 0) {
      const id = jobIdOf(member, sequence);
      if (draining.signal.aborted || options.dropAdds?.(member) || jobs.has(id)) return;
      jobs.set(id, { id, member, at: options.clock.now() + delay, active: false });
    },
    async work(names, _concurrency, handler) {
      for (const name of names) handlers.set(name, handler);
    },
    canary: async (name) => handlers.has(name),
    depth: async (name) => [...jobs.values()].filter((job) => queueOf(job.member) === name && !job.active).length,
    async stop() {
      draining.abort(new Error("shutting down"));
      abort.abort(new Error("the grace period of the shutdown is over"));
      for (const name of QUEUE_NAMES) handlers.delete(name);
    },
    async drain() {
      for (let ran = 0; ran < ENDLESS; ran++) {
        const job = ready();
        if (!job) return ran;
        await perform(job);
      }
      throw new Error(`more than ${ENDLESS} wake-ups in one drain: a handler wakes itself for ever`);
    },
    next: () => {
      const times = [...jobs.values()].filter((job) => !job.active).map((job) => job.at);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
