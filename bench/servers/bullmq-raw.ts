import { setTimeout as sleep } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

/* BullMQ as its documentation shows it: one queue, one worker, in one process. */
const url = process.env["REDIS_URL"] ?? "";
const connection = new Redis(url, { maxRetriesPerRequest: null });
const queue = new Queue("raw", { connection, defaultJobOptions: { removeOnComplete: true } });
let started: (at: number) => void = () => undefined;
const worker = new Worker("raw", async () => started(performance.now()), { connection, concurrency: 20 });
await worker.waitUntilReady();

/** Milliseconds from `add` to the processor, one job after the other. */
async function measure(count: number, pause: number): Promise<readonly number[]> {
  const spent: number[] = [];
  for (let index = 0; index < count; index++) {
    const at = new Promise<number>((resolve) => {
      started = resolve;
    });
    const before = performance.now();
    await queue.add("job", { index });
    spent.push((await at) - before);
    await sleep(pause);
  }
  return spent;
}

/** Seconds that a worker of this concurrency takes for jobs that are there already and do nothing. */
async function drain(jobs: number, concurrency: number): Promise<{ seconds: number }> {
  const name = `drain-${concurrency}`;
  const drained = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
  await drained.addBulk(Array.from({ length: jobs }, (_, index) => ({ name: "job", data: { index } })));
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const started = performance.now();
  const one = new Worker(name, async () => undefined, { connection, concurrency });
  one.on("completed", () => {
    if (++done === jobs) resolve();
  });
  await promise;
  const seconds = (performance.now() - started) / 1_000;
  await one.close();
  await drained.close();
  return { seconds };
}

type Order = { count: number; pause: number } | { jobs: number; concurrency: number };

process.on("message", (order: Order) => {
  const answer = "jobs" in order ? drain(order.jobs, order.concurrency) : measure(order.count, order.pause);
  void answer.then((result) => process.send?.(result));
});
process.send?.({ port: 0 });
