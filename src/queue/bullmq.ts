import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Queue as BullQueue } from "bullmq";
import type { Redis } from "ioredis";
import { AppError } from "../core/errors.ts";
import { type Queue, type QueueName, queueOf } from "../core/queue.ts";
import type { Milliseconds } from "../core/time.ts";
import { producerConnection, workerConnection } from "./connections.ts";
import { jobIdOf } from "./job-id.ts";
import { CANARY, type QueueWorker, startWorker } from "./worker.ts";

export type BullmqOptions = {
  /** `redis://…` or `rediss://…`. */
  url: string;
  /** Of all keys; the braces put them into one slot of a cluster. */
  prefix?: string;
  /** How long a worker that fell silent keeps a job from the others. */
  lockDuration?: Milliseconds;
  /** Told of everything that went wrong and was survived; `what` names the act. */
  onError?(error: unknown, what: string): void;
  /** The fault tier loses wake-ups with it: true drops this one. */
  dropAdds?(member: string): boolean;
};

type Producers = Readonly<Record<QueueName, BullQueue>>;

const CANARY_POLL: Milliseconds = 20;

/**
 * The queues `run` and `notify` on BullMQ. Connects by itself and reconnects for ever; never throws because Redis is away,
 * except from `depth` (AppError `unavailable`).
 */
export function createBullmqQueue(options: BullmqOptions): Queue {
  const { prefix = "{stanch}", lockDuration = 30_000 } = options;
  const onError = options.onError ?? ((): void => undefined);
  const redis = producerConnection(options.url);
  redis.on("error", (error) => onError(error, "connecting the queue to Redis"));
  const producers = createProducers(redis, prefix);
  const connections: Redis[] = [redis];
  const workers: QueueWorker[] = [];
  let stopped: Promise<void> | undefined;
  const stop = async (grace: Milliseconds): Promise<void> => {
    for (const worker of workers) worker.drain();
    await Promise.all(workers.map((worker) => worker.close(grace)));
    for (const connection of connections) connection.disconnect();
  };

  return {
    async wake(member, sequence, delay = 0) {
      if (stopped || options.dropAdds?.(member) || redis.status !== "ready") return;
      const job = { jobId: jobIdOf(member, sequence), ...(delay > 0 && { delay }) };
      try {
        await producers[queueOf(member)].add("wake", { member }, job);
      } catch (error) {
        onError(error, `queueing the wake-up of ${member}`);
      }
    },
    async work(names, concurrency, handler) {
      const connection = workerConnection(options.url);
      connection.on("error", (error) => onError(error, "connecting the workers to Redis"));
      connections.push(connection);
      const settings = { connection, prefix, concurrency, lockDuration, onError };
      for (const name of names) workers.push(startWorker(name, settings, handler));
    },
    canary: (name, within) => sendCanary(redis, producers[name], within),
    depth: (name) => depthOf(redis, producers[name], name),
    stop(grace) {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}

function createProducers(connection: Redis, prefix: string): Producers {
  const make = (name: QueueName): BullQueue => {
    const queue = new BullQueue(name, {
      connection,
      prefix,
      skipVersionCheck: true,
      streams: { events: { maxLen: 100 } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    // The connection's own listener reports what goes wrong; without one here BullMQ would print it.
    queue.on("error", () => undefined);
    return queue;
  };
  return { run: make("run"), notify: make("notify") };
}

/** A worker that takes the canary removes it: it is gone from Redis when it was processed. */
async function sendCanary(redis: Redis, queue: BullQueue, within: Milliseconds): Promise<boolean> {
  const deadline = performance.now() + within;
  const jobId = `canary-${randomUUID()}`;
  try {
    if (redis.status !== "ready") return false;
    await queue.add(CANARY, {}, { jobId, lifo: true });
    while (performance.now() < deadline) {
      if ((await redis.exists(queue.toKey(jobId))) === 0) return true;
      await sleep(CANARY_POLL);
    }
    await queue.remove(jobId);
  } catch {
    return false;
  }
  return false;
}

async function depthOf(redis: Redis, queue: BullQueue, name: QueueName): Promise<number> {
  if (redis.status !== "ready") throw new AppError("unavailable", `counting queue ${name}: Redis is not connected`);
  try {
    return await queue.count();
  } catch (cause) {
    throw new AppError("unavailable", `counting queue ${name}: Redis did not answer`, { cause });
  }
}
