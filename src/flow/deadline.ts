import { AppError } from "../core/errors.ts";
import type { Milliseconds } from "../core/time.ts";

/** A caller gets its 503 within 2 s, so that it sends again while the alert is young. */
const STORE_DEADLINE: Milliseconds = 1500;

/** What began within one tick is refused by one timer: setting and clearing one for each body costs more than the rest of the wait. */
const TICK: Milliseconds = 50;

type Refusal = () => void;

let begun: Set<Refusal> | undefined;

/** @throws AppError `unavailable` when the work is not done within 1.5 s (and a tick); it is not cancelled then. */
export function withinDeadline<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new AppError("unavailable", "the alerts could not be stored in time; send them again"));
    const waiting = remember(refuse);
    work.then(
      (value) => {
        waiting.delete(refuse);
        resolve(value);
      },
      (error: unknown) => {
        waiting.delete(refuse);
        reject(error);
      },
    );
  });
}

/** Puts it among those that began in this tick. */
function remember(refuse: Refusal): Set<Refusal> {
  begun ??= startTick();
  begun.add(refuse);
  return begun;
}

function startTick(): Set<Refusal> {
  const waiting = new Set<Refusal>();
  setTimeout(() => {
    begun = undefined;
  }, TICK).unref();
  setTimeout(() => {
    for (const refuse of waiting) refuse();
  }, STORE_DEADLINE + TICK).unref();
  return waiting;
}
