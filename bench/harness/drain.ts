import { type Processor, Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";

/** Seconds that a BullMQ worker of this concurrency takes for so many jobs, `{ index }` each, that are there already. */
export async function drain(
  connection: Redis,
  { jobs, concurrency }: { jobs: number; concurrency: number },
  processor: Processor<{ index: number }, void>,
): Promise<{ seconds: number }> {
  const name = `drain-${concurrency}`;
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
  await queue.addBulk(Array.from({ length: jobs }, (_, index) => ({ name: "job", data: { index } })));
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const started = performance.now();
  const worker = new Worker(name, processor, { connection, concurrency });
  worker.on("completed", () => {
    if (++done === jobs) resolve();
  });
  await promise;
  const seconds = (performance.now() - started) / 1_000;
  await worker.close();
  await queue.close();
  return { seconds };
}
