import { setTimeout as sleep } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { drain } from "../harness/drain.ts";

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

type Order = { count: number; pause: number } | { jobs: number; concurrency: number };

process.on("message", (order: Order) => {
  const answer = "jobs" in order ? drain(connection, order, async () => undefined) : measure(order.count, order.pause);
  void answer.then((result) => process.send?.(result));
});
process.send?.({ port: 0 });
