import { digestOf } from "../../core/hash.ts";
import type { Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { AssessDeps, Wake } from "./deps.ts";
import type { Judged } from "./judge.ts";
import { canBeStale } from "./stale.ts";

/** Wake-ups of open episodes without an incident are gathered on these grids, so that a storm makes few of them. */
const FINE: Milliseconds = 5_000;
const COARSE: Milliseconds = 60_000;

/** The set of open episodes without an incident that share a correlation key. */
export function waitingSet(key: string): string {
  return `assess:${digestOf(key).slice(0, 12)}`;
}

/** When something is looked at again. `exact`: a rule's `for` ends then, so that it is woken and not left to the sweeper. */
export type Look = { at: Instant; exact: boolean };

/** The earliest of several; undefined when there is none. */
export function earliest(looks: readonly Look[]): Look | undefined {
  return looks.toSorted((a, b) => a.at - b.at || Number(b.exact) - Number(a.exact))[0];
}

/** When an episode that the rules gave `none` is to be looked at again; undefined: only when it changes. */
export function nextLook(deps: AssessDeps, { seen, classified }: Judged, now: Instant): Look | undefined {
  const { reassessEvery, staleAfter } = deps.config.incidents;
  const { source } = seen.subject.key;
  const times = [
    ...(classified.mayChange ? [gridded(now + reassessEvery, Math.min(COARSE, reassessEvery))] : []),
    ...(canBeStale(source) ? [gridded(Math.max(seen.state.lastSeen, now) + staleAfter, COARSE)] : []),
  ];
  const ends = classified.dueAt === undefined ? [] : [gridded(Math.max(classified.dueAt, now + 1), FINE)];
  return earliest([...times.map((at) => ({ at, exact: false })), ...ends.map((at) => ({ at, exact: true }))]);
}

function gridded(at: Instant, grid: Milliseconds): Instant {
  return Math.ceil(at / grid) * grid;
}

/** Keeps the episodes in their set and makes the look at it due. */
export function waitWrites(set: string, episodes: readonly string[], { at }: Look): readonly Write[] {
  return [
    { write: "add", set, members: episodes },
    { write: "due", member: `${set}:${at}`, at },
  ];
}

/** The wake-up of a look at a set, where the sweeper is not to be waited for. */
export function lookWakes(set: string, { at, exact }: Look, now: Instant): readonly Wake[] {
  return exact ? [{ member: `${set}:${at}`, at, delay: Math.max(0, at - now) }] : [];
}
