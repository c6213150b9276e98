import type { WakeHandler } from "../core/queue.ts";
import type { Milliseconds } from "../core/time.ts";

/** A wake-up that leads to something at once. */
export type WakeNow = { member: string; sequence: number };

export type PlacesOptions = {
  /** How many are handled at a time. */
  count: number;
  handler: WakeHandler;
  signal: AbortSignal;
  draining: AbortSignal;
  onError(error: unknown, member: string): void;
  /** Takes what has waited too long for a place. */
  passOn(wake: WakeNow): void;
};

/** The places of one process for wake-ups of one queue that do not go through it. */
export type Places = {
  /** One that is at hand already, or waits for a place, is taken once. */
  take(wake: WakeNow): void;
  /** Lets the queue have all that waits for a place. */
  passOnWaiting(): void;
  /** Resolves when nothing is at hand. */
  idle(): Promise<void>;
};

/** For longer than this nothing waits for a place: other workers may have one. */
const WAITS: Milliseconds = 100;

/** Handles wake-ups in this process; those beyond its places wait a moment, and then go to the queue. */
export function createPlaces(options: PlacesOptions): Places {
  const atHand = new Map<string, Promise<void>>();
  const waiting = new Map<string, WakeNow>();
  const begin = (key: string, wake: WakeNow): void => {
    const handled = handle(options, wake).then(() => {
      atHand.delete(key);
      const next = waiting.entries().next();
      if (next.done) return;
      waiting.delete(next.value[0]);
      begin(...next.value);
    });
    atHand.set(key, handled);
  };
  const passOnWaiting = (): void => {
    const late = [...waiting.values()];
    waiting.clear();
    for (const wake of late) options.passOn(wake);
  };
  return {
    take(wake) {
      const key = `${wake.member} ${wake.sequence}`;
      if (atHand.has(key) || waiting.has(key)) return;
      if (atHand.size < options.count) return begin(key, wake);
      if (waiting.size === 0) setTimeout(passOnWaiting, WAITS).unref();
      waiting.set(key, wake);
    },
    passOnWaiting,
    async idle() {
      while (atHand.size > 0) await Promise.all(atHand.values());
    },
  };
}

/** A handler that throws is reported, and its wake-up done: the store's `due` set brings it back. */
async function handle({ handler, signal, draining, onError }: PlacesOptions, { member }: WakeNow): Promise<void> {
  try {
    await handler(member, signal, draining);
  } catch (error) {
    onError(error, member);
  }
}
