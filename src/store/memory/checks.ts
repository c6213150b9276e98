import type { Check } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { isPaused } from "./pauses.ts";
import { docKey, episodeKey, type MemoryState } from "./state.ts";

type Checks = {
  [K in Check["check"]]: (state: MemoryState, check: Extract<Check, { check: K }>, now: Instant) => boolean;
};

const CHECKS: Checks = {
  rev: (state, { kind, id, rev }) => (state.docs.get(docKey(kind, id))?.rev ?? 0) === rev,
  first: (state, { source, fingerprint }) => {
    const episode = state.episodes.get(episodeKey(source, fingerprint))?.state;
    return episode?.opening === 1 && episode.status === "firing" && !episode.doubtful;
  },
  length: (state, { list, is }) => (state.lists.get(list)?.length ?? 0) === is,
  field: (state, { hash, field, is }) => (state.hashes.get(hash)?.get(field) ?? null) === is,
  free: (state, { locks, owner }) => locks.every((lock) => (state.locks.get(lock) ?? owner) === owner),
  held: (state, { locks, owner }) => locks.some((lock) => (state.locks.get(lock) ?? owner) !== owner),
  unpaused: (state, { scopes }, now) => !scopes.some((scope) => isPaused(state, scope, now)),
  elapsed: (state, { marker }, now) => (state.marks.get(marker) ?? now) <= now,
  under: (state, { budget, id, limit, per }, now) => reservations(state, budget, now - per, id) < limit,
  below: (state, { set, member, limit }) => {
    const members = state.sets.get(set);
    return (members?.size ?? 0) - (members?.has(member) ? 1 : 0) < limit;
  },
  empty: (state, { set }) => (state.sets.get(set)?.size ?? 0) === 0,
  claim: (state, { run, epoch }) => {
    const claim = state.claims.get(run);
    return claim?.epoch === epoch && claim.until > 0;
  },
};

/** Whether the check holds now. */
export function holds(state: MemoryState, check: Check, now: Instant): boolean {
  const test = CHECKS[check.check] as (state: MemoryState, check: Check, now: Instant) => boolean;
  return test(state, check, now);
}

/** Reservations after `since`, not counting `except`'s own. */
export function reservations(state: MemoryState, budget: string, since: Instant, except?: string): number {
  let count = 0;
  for (const [id, at] of state.budgets.get(budget) ?? []) if (at > since && id !== except) count++;
  return count;
}
