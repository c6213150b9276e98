import type { Queue } from "../core/queue.ts";
import type { Instant, Milliseconds } from "../core/time.ts";

/** What people see may lag this far behind. */
const GATHERED: Milliseconds = 250;

/**
 * The queue with the wake-ups of chats gathered for a moment, each incident once: a run of quick steps is one publication. The due
 * set has them all, so what is lost with the process is found by the sweeper.
 */
export function gatherChat(queue: Queue): Queue {
  const gathered = new Map<string, Instant>();
  const flush = (): void => {
    const wakes = [...gathered];
    gathered.clear();
    for (const [member, sequence] of wakes) void queue.wake(member, sequence);
  };
  return {
    ...queue,
    async wake(member, sequence, delay = 0) {
      if (delay > 0 || !member.startsWith("chat:")) return queue.wake(member, sequence, delay);
      if (gathered.size === 0) setTimeout(flush, GATHERED).unref();
      gathered.set(member, sequence);
    },
  };
}
