import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import type { Queue } from "../../src/core/queue.ts";
import type { Store } from "../../src/core/store.ts";
import { startSweeper, sweep } from "../../src/flow/sweep.ts";
import { createBullmqQueue } from "../../src/queue/bullmq.ts";
import { createMemoryQueue } from "../../src/queue/memory.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { connectRedisStore } from "../../src/store/redis/index.ts";
import { startRedis } from "../support/redis.ts";

/** A chain of wake-ups as runs have them: each makes the next one due in its commit, then wakes it. */
async function step(store: Store, queue: Queue, member: string): Promise<void> {
  const at = await store.now();
  const steps = await store.length(member);
  // A spurious wake-up changes nothing.
  if (steps === 5) return;
  const next = { write: "due", member, at: at + 10 } as const;
  const over = { write: "undue", member } as const;
  await store.commit({
    checks: [{ check: "length", list: member, is: steps }],
    writes: [{ write: "append", list: member, items: [{ at }] }, steps === 4 ? over : next],
  });
  await queue.wake(member, at + 10, 10);
}

describe("the sweeper", () => {
  test("nothing is stuck when every add is dropped once", async () => {
    let now = 1_700_000_000_000;
    const clock = { now: () => now };
    const { store } = createMemoryStore(clock);
    const dropped = new Map<string, number>();
    const queue = createMemoryQueue({
      clock,
      dropAdds(member) {
        const count = (dropped.get(member) ?? 0) + 1;
        dropped.set(member, count);
        return count % 2 === 1;
      },
    });
    await queue.work(["run", "notify"], 5, (member) => step(store, queue, member));
    const members = Array.from({ length: 50 }, (_, index) => (index % 2 ? `run:${index}` : `chat:${index}`));
    for (const member of members) {
      await store.commit({ checks: [], writes: [{ write: "due", member, at: now }] });
      await queue.wake(member, now);
    }
    for (let sweeps = 0; sweeps < 20; sweeps++) {
      await queue.drain();
      now += 5_000;
      await sweep({ store, queue, log: silentLog });
    }
    await queue.drain();
    for (const member of members) assert.equal(await store.length(member), 5, member);
    assert.deepEqual(await store.due(10), []);
  });

  test("sweeping a busy queue again adds nothing, until the wake-up must be taken for lost", async () => {
    let now = 1_000_000;
    const clock = { now: () => now };
    const { store } = createMemoryStore(clock);
    const queue = createMemoryQueue({ clock });
    const deps = { store, queue, log: silentLog };
    await store.commit({ checks: [], writes: [{ write: "due", member: "run:1", at: now }] });
    for (let sweeps = 0; sweeps < 5; sweeps++) {
      await sweep(deps);
      now += 5_000;
    }
    assert.equal(await queue.depth("run"), 1);
    now += 5_000;
    await sweep(deps);
    assert.equal(await queue.depth("run"), 2);
  });

  test("what is due later is left alone", async () => {
    const clock = { now: () => 1_000 };
    const { store } = createMemoryStore(clock);
    const queue = createMemoryQueue({ clock });
    await store.commit({ checks: [], writes: [{ write: "due", member: "lease:1", at: 1_001 }] });
    assert.equal(await sweep({ store, queue, log: silentLog }), 0);
  });

  test("sweeps every five seconds, also after the store was away, until it is stopped", async () => {
    const clock = { now: () => 1_000 };
    const { store } = createMemoryStore(clock);
    const queue = createMemoryQueue({ clock });
    const waits: number[] = [];
    let reads = 0;
    let proceed: () => void = () => undefined;
    const flaky = {
      now: store.now,
      async due(limit: number) {
        if (++reads === 1) throw new Error("Redis is away");
        return store.due(limit);
      },
    };
    await store.commit({ checks: [], writes: [{ write: "due", member: "run:1", at: 0 }] });
    const sweeper = startSweeper(
      { store: flaky, queue, log: silentLog },
      {
        sleep: (length, signal) =>
          new Promise((resolve, reject) => {
            waits.push(length);
            proceed = resolve;
            signal.addEventListener("abort", () => reject(new Error("stopped")));
          }),
      },
    );
    await tick();
    proceed();
    await tick();
    assert.equal(await queue.depth("run"), 1);
    await sweeper.stop();
    proceed();
    await tick();
    assert.deepEqual(waits, [5_000, 5_000]);
    assert.equal(reads, 2);
  });
});

describe("on the real Redis and BullMQ", () => {
  test("nothing is stuck when every add is dropped once, and sweeping makes up for it", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const { store, close } = connectRedisStore({ url: redis.url, durability: { kind: "everysec" } });
    t.after(close);
    const dropped = new Map<string, number>();
    const queue = createBullmqQueue({
      url: redis.url,
      dropAdds(member) {
        const count = (dropped.get(member) ?? 0) + 1;
        dropped.set(member, count);
        return count % 2 === 1;
      },
    });
    t.after(() => queue.stop(500));
    await queue.work(["run", "notify"], 5, (member) => step(store, queue, member));
    const sweeper = startSweeper({ store, queue, log: silentLog }, { every: 50 });
    t.after(() => sweeper.stop());
    const members = Array.from({ length: 20 }, (_, index) => (index % 2 ? `run:${index}` : `chat:${index}`));
    for (const member of members) {
      await store.commit({ checks: [], writes: [{ write: "due", member, at: 0 }] });
      await queue.wake(member, 0);
    }
    const lengths = () => Promise.all(members.map((member) => store.length(member)));
    for (let tries = 0; tries < 200 && (await lengths()).some((length) => length < 5); tries++) await tick(20);
    assert.deepEqual(
      await lengths(),
      members.map(() => 5),
    );
    assert.ok([...dropped.values()].every((count) => count > 1));
  });
});

const tick = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
