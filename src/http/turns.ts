/** Undefined for work that may begin at once; else it begins when the promise resolves. */
export type Enter = (size: number) => Promise<void> | undefined;

type Waiting = { size: number; begin(): void };

/**
 * Spreads work that came in one turn of the event loop over several, in its order: no more than `most` of it begins in one, so that
 * timers, claims and answers do not wait for all of a burst. Work above `most` begins in a turn of its own.
 */
export function createTurns(most: number): Enter {
  const waiting: Waiting[] = [];
  let begun = 0;
  const next = (): void => {
    begun = 0;
    for (let first = waiting[0]; first !== undefined && begun < most; first = waiting[0]) {
      waiting.shift();
      begun += first.size;
      first.begin();
    }
    if (begun > 0) setImmediate(next);
  };
  return (size) => {
    if (begun === 0) setImmediate(next);
    if (waiting.length > 0 || begun >= most)
      return new Promise((resolve) => {
        waiting.push({ size, begin: resolve });
      });
    begun += size;
    return undefined;
  };
}
