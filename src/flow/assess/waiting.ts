import { digestOf } from "../../core/hash.ts";
import type { Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { AssessDeps } from "./deps.ts";
import type { Judged } from "./judge.ts";
import { canBeStale } from "./stale.ts";

/** Wake-ups of open episodes without an incident are gathered on these grids, so that a storm makes few of them. */
const FINE: Milliseconds = 5_000;
const COARSE: Milliseconds = 60_000;

/** The set of open episodes without an incident that share a correlation key. */
export function waitingSet(key: string): string {
  return `assess:${digestOf(key).slice(0, 12)}`;
}

/** When an episode that the rules gave `none` is to be looked at again; undefined: only when it changes. */
export function nextLook(deps: AssessDeps, { seen, classified }: Judged, now: Instant): Instant | undefined {
  const { reassessEvery, staleAfter } = deps.config.incidents;
  const { source } = seen.subject.key;
  const times = [
    ...(classified.dueAt === undefined ? [] : [gridded(Math.max(classified.dueAt, now + 1), FINE)]),
    ...(classified.mayChange ? [gridded(now + reassessEvery, Math.min(COARSE, reassessEvery))] : []),
    ...(canBeStale(source) ? [gridded(Math.max(seen.state.lastSeen, now) + staleAfter, COARSE)] : []),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}

function gridded(at: Instant, grid: Milliseconds): Instant {
  return Math.ceil(at / grid) * grid;
}

/** Keeps the episodes in their set and makes the look at it due. */
export function waitWrites(key: string, episodes: readonly string[], at: Instant): readonly Write[] {
  const set = waitingSet(key);
  return [
    { write: "add", set, members: episodes },
    { write: "due", member: `${set}:${at}`, at },
  ];
}
