/** Runs work one after another per key; work over several keys waits for all of them. */
export type KeyedLocks = { hold<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> };

/** In-process locks. Keys are taken together in one tick, so two holders never wait for each other. */
export function createLocks(): KeyedLocks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async hold(keys, work) {
      const names = [...new Set(keys)];
      const before = Promise.all(names.map((name) => tails.get(name)).filter((tail) => tail !== undefined));
      const { promise: done, resolve: release } = Promise.withResolvers<void>();
      for (const name of names) tails.set(name, done);
      await before;
      try {
        return await work();
      } finally {
        release();
        for (const name of names) if (tails.get(name) === done) tails.delete(name);
      }
    },
  };
}

/**
 * A gate that lets one through per turn of the event loop, the first at once and the others in order, so that many groups in
 * flight do not do their heavy work back to back while timers and sockets wait.
 */
export function createTurnstile(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isTaken = false;
  const next = (): void => {
    const pass = waiting.shift();
    isTaken = pass !== undefined;
    if (pass === undefined) return;
    setImmediate(next);
    pass();
  };
  return () => {
    if (isTaken) return new Promise((resolve) => void waiting.push(resolve));
    isTaken = true;
    setImmediate(next);
    return Promise.resolve();
  };
}
