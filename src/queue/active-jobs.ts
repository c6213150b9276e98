import type { Milliseconds } from "../core/time.ts";

type Entry = { controller: AbortController; heldSince: number };

/** Jobs this process is working on, with the abort signal of each and the time its lock was last known to be held. */
export type ActiveJobs = {
  /** An older take of the same id has lost its lock, or the id could not have been handed out again: it is aborted. */
  begin(id: string): { signal: AbortSignal; end(): void };
  /** The locks of these jobs were extended. */
  renewed(ids: readonly string[]): void;
  /** The locks of these jobs are gone. */
  lost(ids: readonly string[]): void;
  /** Aborts every job whose lock cannot be held any more: renewals did not get through, or the event loop stood still. */
  expire(): void;
  abortAll(reason: string): void;
  size(): number;
  /** Resolves when no job is active. */
  idle(): Promise<void>;
};

const lockLost = (): Error => new Error("the lock of this wake-up was lost");

/** `lease` is how long a lock is trusted after its last renewal; `clock` is monotonic. */
export function createActiveJobs(lease: Milliseconds, clock: () => number = () => performance.now()): ActiveJobs {
  const entries = new Map<string, Entry>();
  let waiters: (() => void)[] = [];
  const each = (ids: readonly string[], act: (entry: Entry) => void): void => {
    for (const id of ids) {
      const entry = entries.get(id);
      if (entry) act(entry);
    }
  };
  const settle = (): void => {
    if (entries.size > 0) return;
    for (const resolve of waiters) resolve();
    waiters = [];
  };
  return {
    begin(id) {
      entries.get(id)?.controller.abort(lockLost());
      const entry = { controller: new AbortController(), heldSince: clock() };
      entries.set(id, entry);
      const end = (): void => {
        if (entries.get(id) === entry) entries.delete(id);
        settle();
      };
      return { signal: entry.controller.signal, end };
    },
    renewed(ids) {
      const now = clock();
      each(ids, (entry) => {
        entry.heldSince = now;
      });
    },
    lost: (ids) => each(ids, (entry) => entry.controller.abort(lockLost())),
    expire() {
      const limit = clock() - lease;
      for (const entry of entries.values()) if (entry.heldSince < limit) entry.controller.abort(lockLost());
    },
    abortAll(reason) {
      for (const entry of entries.values()) entry.controller.abort(new Error(reason));
    },
    size: () => entries.size,
    idle: () => (entries.size === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))),
  };
}
