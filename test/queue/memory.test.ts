import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMemoryQueue } from "../../src/queue/memory.ts";
import { queueConformance } from "./conformance.ts";

describe("the queue in memory", () => {
  queueConformance(async (options) => {
    let now = 1_000_000;
    const queue = createMemoryQueue({ clock: { now: () => now }, ...options });
    return {
      queue,
      async until(holds) {
        await queue.drain();
        assert.ok(holds(), "it did not happen");
      },
      async pass(ms) {
        now += ms;
        await queue.drain();
      },
    };
  });

  test("drain also runs what the handlers cause, and counts", async () => {
    const queue = createMemoryQueue({ clock: { now: () => 0 } });
    await queue.work(["run"], 1, async (member) => {
      if (member !== "run:3") await queue.wake(`run:${Number(member.slice(4)) + 1}`, 0);
    });
    await queue.wake("run:1", 0);
    assert.equal(await queue.drain(), 3);
  });

  test("next tells when the earliest waiting wake-up is due", async () => {
    const queue = createMemoryQueue({ clock: { now: () => 100 } });
    assert.equal(queue.next(), undefined);
    await queue.wake("run:1", 0, 50);
    await queue.wake("run:2", 0, 20);
    assert.equal(queue.next(), 120);
  });
});
