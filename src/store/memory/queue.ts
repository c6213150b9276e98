import type { Intake, IntakeEntry } from "../../core/intake.ts";
import type { Milliseconds } from "../../core/time.ts";
import { type MemoryState, nowOf, type QueuedEntry } from "./state.ts";

/** Entries that wait for assessment; one consumer, since the twin lives in one process. */
export function memoryQueue(state: MemoryState): Pick<Intake, "read" | "reclaim" | "waiting" | "backlog"> {
  return {
    async read({ count, block }) {
      if (!state.entries.some(isNew) && block > 0) await arrival(state, block);
      return handOut(state, state.entries.filter(isNew).slice(0, count));
    },
    async reclaim(idle) {
      const now = nowOf(state);
      const left = state.entries.filter(({ deliveredAt }) => deliveredAt !== undefined && now - deliveredAt >= idle);
      return handOut(state, left);
    },
    waiting: async (limit) => state.entries.slice(0, limit).map(entryOf),
    async backlog() {
      const oldest = state.entries[0];
      const oldestAge = oldest === undefined ? 0 : Math.max(0, nowOf(state) - oldest.acceptedAt);
      return { entries: state.entries.length, oldestAge };
    },
  };
}

const isNew = (entry: QueuedEntry): boolean => entry.deliveries === 0;

function handOut(state: MemoryState, entries: readonly QueuedEntry[]): readonly IntakeEntry[] {
  const now = nowOf(state);
  for (const entry of entries) {
    entry.deliveries += 1;
    entry.deliveredAt = now;
  }
  return entries.map(entryOf);
}

function entryOf({ deliveredAt: _, ...entry }: QueuedEntry): IntakeEntry {
  return { ...entry };
}

/** Resolves when an entry arrives, or after `block` of real time. */
function arrival(state: MemoryState, block: Milliseconds): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      state.waiters.delete(done);
      resolve();
    };
    const timer = setTimeout(done, block);
    state.waiters.add(done);
  });
}
