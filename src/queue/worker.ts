import { type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { QueueName, WakeHandler } from "../core/queue.ts";
import type { Milliseconds } from "../core/time.ts";
import { type ActiveJobs, createActiveJobs } from "./active-jobs.ts";

/** Job name of the probe that readiness sends; workers take it and do nothing. */
export const CANARY = "canary";

export type WorkerSettings = {
  connection: Redis;
  prefix: string;
  concurrency: number;
  lockDuration: Milliseconds;
  onError(error: unknown, what: string): void;
};

/** A BullMQ worker of one queue. */
export type QueueWorker = {
  /** Takes no more jobs; those at hand go on. */
  drain(): void;
  /** Waits until nothing is at hand, at most `grace`; then aborts what is left and closes. */
  close(grace: Milliseconds): Promise<void>;
};

const wait = (ms: Milliseconds): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** How long an aborted handler may take to return before its job is left to the stalled check. */
const LAST_WORDS: Milliseconds = 500;

/** Starts taking the queue's jobs. A handler that throws is reported and its job is done: the store's `due` set brings it back. */
export function startWorker(name: QueueName, settings: WorkerSettings, handler: WakeHandler): QueueWorker {
  const active = createActiveJobs(settings.lockDuration * 0.8);
  const draining = new AbortController();
  const worker = new Worker(name, (job) => perform(job), {
    connection: settings.connection,
    prefix: settings.prefix,
    concurrency: settings.concurrency,
    lockDuration: settings.lockDuration,
    stalledInterval: settings.lockDuration,
    drainDelay: 2,
    runRetryDelay: 1_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  async function perform(job: Job<{ member: string }>): Promise<void> {
    if (job.name === CANARY || job.id === undefined) return;
    const turn = active.begin(job.id);
    try {
      await handler(job.data.member, turn.signal, draining.signal);
    } catch (error) {
      settings.onError(error, `handling the wake-up of ${job.data.member}`);
    } finally {
      turn.end();
    }
  }
  const watch = setInterval(() => active.expire(), settings.lockDuration / 10).unref();
  worker.on("lockRenewalFailed", (ids: string[]) => active.lost(ids));
  worker.on("locksRenewed", ({ jobIds }: { jobIds: string[] }) => active.renewed(jobIds));
  worker.on("error", (error) => settings.onError(error, `working on queue ${name}`));
  return {
    drain: () => {
      draining.abort(new Error("shutting down"));
      void worker.pause(true);
    },
    async close(grace) {
      await finish(active, grace);
      clearInterval(watch);
      // Without force BullMQ waits for its jobs and for Redis, however long that takes.
      const force = active.size() > 0 || settings.connection.status !== "ready";
      await Promise.race([worker.close(force).catch(() => undefined), wait(LAST_WORDS)]);
    },
  };
}

async function finish(active: ActiveJobs, grace: Milliseconds): Promise<void> {
  await Promise.race([active.idle(), wait(grace)]);
  active.abortAll("the grace period of the shutdown is over");
  await Promise.race([active.idle(), wait(LAST_WORDS)]);
}
