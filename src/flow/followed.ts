import type { Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";

/** What looking after an incident did, when it has to be looked at again, and what to store with that plan. */
export type Followed = { changed: boolean; next?: Instant; writes?: readonly Write[] };

/** Nothing was done; the earliest of several times is the next look, where there is one. */
export function lookAgain(...times: readonly (Instant | undefined)[]): Followed {
  const known = times.filter((at) => at !== undefined);
  return known.length === 0 ? { changed: false } : { changed: false, next: Math.min(...known) };
}
