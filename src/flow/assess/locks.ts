/**
 * What one holder knows of those before it, and leaves to the next. `plans`: what those before are about to bring about, as far as they
 * have not ended; `cameAbout` waits for them, and says whether it is so; `plan` lets the next one begin.
 */
export type Hold<Plan> = { plans: readonly Plan[]; cameAbout(): Promise<boolean>; plan(plan: Plan): void };

/** Runs work one after another per key; work over several keys waits for all of them. The next begins early where a plan is left to it. */
export type KeyedLocks<Plan> = {
  hold<T extends { committed: boolean }>(keys: readonly string[], work: (hold: Hold<Plan>) => Promise<T>): Promise<T>;
};

/** `begun` resolves with the plan, or at the end; `ended` tells whether what was planned, if anything, came about. */
type Tail<Plan> = { begun: Promise<Plan | undefined>; ended: Promise<boolean> };

/** In-process locks. Keys are taken together in one tick, so two holders never wait for each other. */
export function createLocks<Plan>(): KeyedLocks<Plan> {
  const tails = new Map<string, Tail<Plan>>();
  return {
    async hold(keys, work) {
      const names = [...new Set(keys)];
      const before = [...new Set(names.map((name) => tails.get(name)))].filter((tail) => tail !== undefined);
      const begun = Promise.withResolvers<Plan | undefined>();
      const ended = Promise.withResolvers<boolean>();
      const own: Tail<Plan> = { begun: begun.promise, ended: ended.promise };
      for (const name of names) tails.set(name, own);
      const plans = (await Promise.all(before.map((tail) => tail.begun))).filter((plan) => plan !== undefined);
      const cameAbout = async (): Promise<boolean> => {
        return (await Promise.all(before.map((tail) => tail.ended))).every((came) => came);
      };
      let isKept = true;
      const plan = (made: Plan): void => {
        isKept = false;
        begun.resolve(made);
      };
      try {
        const result = await work({ plans, cameAbout, plan });
        isKept ||= result.committed;
        return result;
      } finally {
        await cameAbout();
        begun.resolve(undefined);
        ended.resolve(isKept);
        for (const name of names) if (tails.get(name) === own) tails.delete(name);
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
