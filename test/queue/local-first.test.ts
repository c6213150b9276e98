import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Queue } from "../../src/core/queue.ts";
import { createBullmqQueue } from "../../src/queue/bullmq.ts";
import { localFirst } from "../../src/queue/local-first.ts";
import { createMemoryQueue, type MemoryQueue } from "../../src/queue/memory.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { queueConformance, until } from "./conformance.ts";

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

describe("the queue that keeps what it can in its process", () => {
  let count = 0;
  queueConformance(async (options) => {
    const queue = localFirst(createBullmqQueue({ url: redis.url, prefix: `{test-${count++}}`, ...options }), options);
    await untilConnected(queue);
    return { queue, until, pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
  });

  test("what is to happen at once is no job where somebody works on it", async () => {
    const { queue, jobs, seen } = watched();
    await queue.wake("run:early", 1);
    await queue.work(["run"], 5, async (member) => void seen.push(member));
    await queue.wake("run:now", 1);
    await queue.wake("run:later", 1, 50);
    await queue.wake("chat:inc-1", 1);
    assert.deepEqual(seen, ["run:now"]);
    assert.deepEqual([await jobs.depth("run"), await jobs.depth("notify")], [2, 1]);
  });

  test("one that is at hand is taken once, and again once it was handled", async () => {
    const { queue, seen } = watched();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    await queue.work(["run"], 5, async (member) => {
      seen.push(member);
      await held;
    });
    for (const sequence of [1, 1, 2]) await queue.wake("run:r", sequence);
    assert.equal(seen.length, 2);
    letGo();
    await new Promise(setImmediate);
    await queue.wake("run:r", 1);
    assert.equal(seen.length, 3);
  });

  test("no more are handled at a time than allowed, and the rest follows in its order", async () => {
    const { queue, jobs, seen } = watched();
    const waiting: (() => void)[] = [];
    await queue.work(["run"], 2, async (member) => {
      if (seen.push(member) <= 3) await new Promise<void>((resolve) => waiting.push(resolve));
    });
    for (const name of ["a", "b", "c", "d", "e"]) await queue.wake(`run:${name}`, 1);
    assert.deepEqual(seen, ["run:a", "run:b"]);
    waiting[1]?.();
    await until(() => seen.length === 3);
    assert.equal(await jobs.depth("run"), 0);
    await until(() => jobs.next() !== undefined);
    assert.equal(await jobs.depth("run"), 2, "what found no place in time is for others as well");
    for (const letGo of waiting) letGo();
    await jobs.drain();
    assert.deepEqual(seen, ["run:a", "run:b", "run:c", "run:d", "run:e"]);
  });

  test("a worker that stops leaves what has not begun to the others", async () => {
    const { queue, jobs, seen } = watched();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    await queue.work(["run"], 1, async (member) => {
      seen.push(member);
      await held;
    });
    for (const name of ["a", "b"]) await queue.wake(`run:${name}`, 1);
    const passedOn: string[] = [];
    const { wake } = jobs;
    jobs.wake = async (member, sequence) => {
      passedOn.push(member);
      await wake(member, sequence);
    };
    const stopped = queue.stop(1_000);
    letGo();
    await stopped;
    assert.deepEqual([seen, passedOn], [["run:a"], ["run:b"]]);
  });
});

function watched(): { queue: Queue; jobs: MemoryQueue; seen: string[] } {
  const jobs = createMemoryQueue({ clock: { now: () => 1_000 } });
  return { queue: localFirst(jobs), jobs, seen: [] };
}

async function untilConnected(queue: Queue): Promise<void> {
  const deadline = performance.now() + 4_000;
  while (performance.now() < deadline) {
    if (await isUp(queue)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function isUp(queue: Queue): Promise<boolean> {
  return queue.depth("run").then(
    () => true,
    () => false,
  );
}
