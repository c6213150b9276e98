import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queue } from "../../src/core/queue.ts";
import { gatherChat } from "../../src/flow/gather-chat.ts";

test("wake-ups of a chat become one a moment later, the latest; all others go at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const woken: [string, number, number | undefined][] = [];
  const queue = gatherChat({
    wake: async (member: string, sequence: number, delay?: number) => void woken.push([member, sequence, delay]),
  } as Queue);
  await queue.wake("chat:inc-1", 1);
  await queue.wake("run:r", 2);
  await queue.wake("chat:inc-1", 3);
  await queue.wake("chat:inc-2", 4);
  await queue.wake("chat:inc-3", 5, 60_000);
  assert.deepEqual(woken, [
    ["run:r", 2, 0],
    ["chat:inc-3", 5, 60_000],
  ]);
  t.mock.timers.tick(250);
  assert.deepEqual(woken.slice(2), [
    ["chat:inc-1", 3, undefined],
    ["chat:inc-2", 4, undefined],
  ]);
  await queue.wake("chat:inc-1", 6);
  t.mock.timers.tick(250);
  assert.equal(woken.length, 5);
});
