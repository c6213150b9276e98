import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import type { Queue } from "../../src/core/queue.ts";

export type QueueOptions = { onError?(error: unknown, what: string): void; dropAdds?(member: string): boolean };

/** A queue under test; `until` lets its work go on until the predicate holds, `pass` lets this much time go by. */
export type QueueHarness = {
  queue: Queue;
  until(holds: () => boolean): Promise<void>;
  pass(ms: number): Promise<void>;
};

const never = new Promise<void>(() => undefined);

/** What every queue must do, whatever it is built on. `open` gives a fresh, empty queue. */
export function queueConformance(open: (options: QueueOptions) => Promise<QueueHarness>): void {
  let harness: QueueHarness;
  let seen: string[];
  let errors: string[];
  let drop: (member: string) => boolean;
  const record = async (member: string): Promise<void> => void seen.push(member);

  beforeEach(async () => {
    seen = [];
    errors = [];
    drop = () => false;
    harness = await open({
      dropAdds: (member) => drop(member),
      onError: (error, what) => errors.push(`${what}: ${error instanceof Error ? error.message : error}`),
    });
  });
  afterEach(() => harness.queue.stop(100));

  test("a wake-up reaches the handler", async () => {
    await harness.queue.work(["run", "notify"], 5, record);
    await harness.queue.wake("run:r1", 1);
    await harness.until(() => seen.length === 1);
    assert.deepEqual(seen, ["run:r1"]);
  });

  test("a wake-up made before anyone works waits for a worker", async () => {
    await harness.queue.wake("run:early", 1);
    assert.equal(await harness.queue.depth("run"), 1);
    await harness.queue.work(["run"], 1, record);
    await harness.until(() => seen.length === 1);
    assert.equal(await harness.queue.depth("run"), 0);
  });

  test("the same member and sequence are queued once, another sequence once more", async () => {
    await harness.queue.wake("run:r1", 7);
    await harness.queue.wake("run:r1", 7);
    await harness.queue.wake("run:r1", 8);
    assert.equal(await harness.queue.depth("run"), 2);
    await harness.queue.work(["run"], 1, record);
    await harness.until(() => seen.length === 2);
    await harness.pass(50);
    assert.deepEqual(seen, ["run:r1", "run:r1"]);
  });

  test("a wake-up that was handled can be made again with the same sequence", async () => {
    await harness.queue.work(["run"], 1, record);
    await harness.queue.wake("run:r1", 7);
    await harness.until(() => seen.length === 1);
    await harness.pass(50);
    await harness.queue.wake("run:r1", 7);
    await harness.until(() => seen.length === 2);
  });

  test("a delayed wake-up comes when its time is there, not before", async () => {
    await harness.queue.work(["run"], 1, record);
    await harness.queue.wake("run:late", 1, 1_000);
    await harness.queue.wake("run:now", 1);
    await harness.until(() => seen.length === 1);
    await harness.pass(100);
    assert.deepEqual(seen, ["run:now"]);
    await harness.pass(950);
    await harness.until(() => seen.length === 2);
    assert.deepEqual(seen, ["run:now", "run:late"]);
  });

  test("chat members go to notify, all others to run", async () => {
    await harness.queue.wake("chat:inc-1", 1);
    await harness.queue.wake("lease:l1", 1);
    await harness.queue.wake("incident:inc-1", 1);
    assert.equal(await harness.queue.depth("notify"), 1);
    assert.equal(await harness.queue.depth("run"), 2);
    await harness.queue.work(["notify"], 1, record);
    await harness.until(() => seen.length === 1);
    await harness.pass(50);
    assert.deepEqual(seen, ["chat:inc-1"]);
  });

  test("a handler that throws is reported and stops nothing", async () => {
    await harness.queue.work(["run"], 1, async (member) => {
      await record(member);
      if (member === "run:bad") throw new Error("boom");
    });
    await harness.queue.wake("run:bad", 1);
    await harness.queue.wake("run:good", 1);
    await harness.until(() => seen.includes("run:good"));
    assert.deepEqual(errors, ["handling the wake-up of run:bad: boom"]);
    await harness.queue.wake("run:bad", 1);
    await harness.until(() => seen.length === 3);
  });

  test("adds can be dropped", async () => {
    drop = (member) => member === "run:dropped";
    await harness.queue.work(["run"], 1, record);
    await harness.queue.wake("run:dropped", 1);
    await harness.queue.wake("run:kept", 1);
    await harness.until(() => seen.length > 0);
    await harness.pass(50);
    assert.deepEqual(seen, ["run:kept"]);
  });

  test("the canary comes back only from a queue somebody works on", async () => {
    await harness.queue.work(["run"], 1, record);
    assert.equal(await harness.queue.canary("run", 2_000), true);
    assert.equal(await harness.queue.canary("notify", 100), false);
    assert.equal(await harness.queue.depth("notify"), 0, "an unanswered canary is taken out again");
    assert.deepEqual(seen, []);
  });

  test("after stop nothing is taken and a wake-up does not throw", async () => {
    await harness.queue.work(["run"], 1, record);
    await harness.queue.stop(100);
    await harness.queue.wake("run:r1", 1);
    await harness.pass(50);
    assert.deepEqual(seen, []);
  });

  test("stop says so to the handler at once, and aborts it when the grace period is over", async () => {
    const heard: string[] = [];
    await harness.queue.work(["run"], 1, async (member, signal, draining) => {
      await record(member);
      draining.addEventListener("abort", () => heard.push("draining"));
      signal.addEventListener("abort", () => heard.push("aborted"));
      await never;
    });
    await harness.queue.wake("run:long", 1);
    void harness.until(() => false).catch(() => undefined);
    await until(() => seen.length === 1);
    await harness.queue.stop(50);
    assert.deepEqual(heard, ["draining", "aborted"]);
  });
}

/** Polls in real time. */
export async function until(holds: () => boolean, within = 4_000): Promise<void> {
  const deadline = performance.now() + within;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
