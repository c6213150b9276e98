import type { IntakeEntry } from "../../core/intake.ts";
import type { Doc, DocKind } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import type { EpisodeRecord } from "../episode-rule.ts";
import { readBody } from "../forms/index.ts";

/** Where the twin reads the time; injectable, so that a two-hour lease takes no time in a test. */
export type Clock = { now(): Instant };

type StoredDoc = { rev: number; json: string };
type Hash = Map<string, string>;

/** Last digest of a group, valid while nothing of its source has been unsettled since. */
export type GroupDigest = { digest: string; unsettled: number; since: Instant; lastSeen: Instant };

export type QueuedEntry = IntakeEntry & { deliveredAt?: Instant };

/** All that the twin remembers; every map mirrors one key pattern of the Redis adapter. */
export type MemoryState = {
  clock: Clock;
  docs: Map<string, StoredDoc>;
  lists: Map<string, string[]>;
  sets: Map<string, Set<string>>;
  hashes: Map<string, Hash>;
  indexes: Map<string, Map<string, number>>;
  budgets: Map<string, Map<string, Instant>>;
  claims: Map<string, { epoch: number; until: Instant }>;
  due: Map<string, Instant>;
  locks: Map<string, string>;
  /** Lock → what waits for it. */
  awaiting: Map<string, Set<string>>;
  marks: Map<string, Instant>;
  counters: Map<string, number>;
  expiries: Map<string, { at: Instant; remove: () => void }>;
  episodes: Map<string, EpisodeRecord>;
  groups: Map<string, GroupDigest>;
  /** Per source: how often an episode was closed or became unknown. */
  unsettled: Map<string, number>;
  entries: QueuedEntry[];
  entrySequence: number;
  /** Called once each when an entry arrives. */
  waiters: Set<() => void>;
};

/** A store that remembers nothing yet, on this clock. */
export function emptyState(clock: Clock): MemoryState {
  return {
    clock,
    docs: new Map(),
    lists: new Map(),
    sets: new Map(),
    hashes: new Map(),
    indexes: new Map(),
    budgets: new Map(),
    claims: new Map(),
    due: new Map(),
    locks: new Map(),
    awaiting: new Map(),
    marks: new Map(),
    counters: new Map(),
    expiries: new Map(),
    episodes: new Map(),
    groups: new Map(),
    unsettled: new Map(),
    entries: [],
    entrySequence: 0,
    waiters: new Set(),
  };
}

/** The store's time, after removing what has expired by then. */
export function nowOf(state: MemoryState): Instant {
  const now = state.clock.now();
  for (const [key, expiry] of state.expiries) {
    if (expiry.at > now) continue;
    state.expiries.delete(key);
    expiry.remove();
  }
  return now;
}

/** The document of this name, a copy. */
export function readDoc<T extends object>(state: MemoryState, kind: DocKind, id: string): Doc<T> | undefined {
  nowOf(state);
  const doc = state.docs.get(docKey(kind, id));
  return doc && { rev: doc.rev, body: readBody(kind, doc.json) };
}

/** The value under the key, made when it is missing. */
export function ensure<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Under which the state of a fingerprint's episodes is kept. */
export function episodeKey(source: string, fingerprint: string): string {
  return `${source}:${fingerprint}`;
}

/** A document's name: `KIND:ID`, as in Redis. */
export function docKey(kind: string, id: string): string {
  return `${kind}:${id}`;
}
