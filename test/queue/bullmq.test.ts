import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Redis } from "ioredis";
import type { Queue } from "../../src/core/queue.ts";
import { createBullmqQueue } from "../../src/queue/bullmq.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { queueConformance, until } from "./conformance.ts";

let redis: TestRedis;
let control: Redis;
before(async () => {
  redis = await startRedis();
  control = new Redis(redis.url);
  control.on("error", () => undefined);
});
after(async () => {
  control.disconnect();
  await redis.stop();
});

describe("the queue on BullMQ", () => {
  let count = 0;
  queueConformance(async (options) => {
    const queue = createBullmqQueue({ url: redis.url, prefix: `{test-${count++}}`, ...options });
    await untilConnected(queue);
    return {
      queue,
      until,
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    };
  });

  test("finished wake-ups leave nothing behind but bookkeeping", async () => {
    const prefix = "{test-clean}";
    const queue = createBullmqQueue({ url: redis.url, prefix });
    await untilConnected(queue);
    let handled = 0;
    await queue.work(["run"], 10, async () => {
      handled++;
      if (handled % 2) throw new Error("also failed ones");
    });
    for (let i = 0; i < 40; i++) await queue.wake(`run:${i}`, 1);
    await until(() => handled === 40);
    assert.equal(await queue.canary("run", 2_000), true);
    await queue.stop(500);
    const keys = (await control.keys(`${prefix}:run:*`)).map((key) => key.slice(`${prefix}:run:`.length)).sort();
    assert.deepEqual(keys, ["events", "id", "meta", "stalled-check"]);
  });

  test("no more handlers run at a time than allowed", async () => {
    const queue = createBullmqQueue({ url: redis.url, prefix: "{test-limit}" });
    await untilConnected(queue);
    let running = 0;
    let most = 0;
    let handled = 0;
    await queue.work(["run"], 3, async () => {
      most = Math.max(most, ++running);
      // As long as it takes to see three at once, and then a moment in which a fourth could come.
      await until(() => most >= 3);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      handled++;
    });
    for (let i = 0; i < 12; i++) await queue.wake(`run:${i}`, 1);
    await until(() => handled === 12);
    await queue.stop(500);
    assert.equal(most, 3);
  });

  test("a job whose lock is gone gets its signal aborted", async () => {
    const prefix = "{test-lock}";
    const queue = createBullmqQueue({ url: redis.url, prefix, lockDuration: 400 });
    await untilConnected(queue);
    let aborted = false;
    await queue.work(["run"], 1, async (_member, signal) => {
      if (aborted) return;
      const lock = (await control.keys(`${prefix}:run:*:lock`))[0];
      assert.ok(lock);
      await control.set(lock, "another worker's token");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted = true;
    });
    await queue.wake("run:1", 1);
    await until(() => aborted);
    await queue.stop(500);
  });
});

describe("when Redis goes away", () => {
  test("adds are dropped without an error or a delay, and workers take jobs again without a restart", async (t) => {
    const own = await startRedis();
    t.after(() => own.stop());
    const queue = createBullmqQueue({ url: own.url });
    t.after(() => queue.stop(0));
    const seen: string[] = [];
    await queue.work(["run", "notify"], 2, async (member) => void seen.push(member));
    await untilConnected(queue);
    await queue.wake("run:before", 1);
    await until(() => seen.includes("run:before"));

    await own.kill();
    await untilConnected(queue, false);
    const start = performance.now();
    await queue.wake("run:lost", 1);
    assert.ok(performance.now() - start < 1_000, "a wake-up does not wait for Redis");
    assert.equal(await queue.canary("run", 1_000), false);
    await assert.rejects(queue.depth("run"), { code: "unavailable" });

    await own.restart();
    await untilConnected(queue);
    assert.equal(await queue.canary("run", 3_000), true);
    assert.equal(await queue.canary("notify", 3_000), true);
    await queue.wake("run:after", 1);
    await queue.wake("chat:after", 1);
    await until(() => seen.length === 3);
    assert.deepEqual(seen.toSorted(), ["chat:after", "run:after", "run:before"]);
  });

  test("stop ends within the grace period although Redis is down", async (t) => {
    const own = await startRedis();
    t.after(() => own.stop());
    const queue = createBullmqQueue({ url: own.url });
    t.after(() => queue.stop(0));
    await queue.work(["run", "notify"], 2, async () => undefined);
    await untilConnected(queue);
    await own.stop();
    const start = performance.now();
    await queue.stop(200);
    assert.ok(performance.now() - start < 3_000);
  });
});

async function connected(queue: Queue): Promise<boolean> {
  return queue.depth("run").then(
    () => true,
    () => false,
  );
}

async function untilConnected(queue: Queue, wanted = true): Promise<void> {
  for (let tries = 0; tries < 400 && (await connected(queue)) !== wanted; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
