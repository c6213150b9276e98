import type { SightingGroup, SourceName } from "./alert.ts";
import type { AlertRecord, EpisodeState } from "./episode.ts";
import type { Doc, Write } from "./store.ts";
import type { Instant, Milliseconds } from "./time.ts";

/** Names one episode lineage: source and fingerprint, without the opening. */
export type EpisodeKey = { source: SourceName; fingerprint: string };

/** One accepted body that waits for assessment. It only says "look at these episodes". */
export type IntakeEntry = {
  id: string;
  source: SourceName;
  /** The raw body, kept once; `Source.parse` reads it again. */
  body: string;
  /** The store's name for a body that stands beside the entry; it goes with the entry. */
  aside?: string;
  /** Fingerprints whose episode changed by this body. */
  changed: readonly string[];
  /** Set when each of them is the first episode of its fingerprint, and fires. */
  first?: boolean;
  acceptedAt: Instant;
  /** How often it was handed out; after 5 it becomes `poison`. */
  deliveries: number;
};

/** Ends an entry, and what stands beside it. */
export function acknowledge({ id, aside }: Pick<IntakeEntry, "id" | "aside">): Write {
  return { write: "ack", entry: id, ...(aside !== undefined && { aside }) };
}

/** One episode lineage: where it stands, and the records of its latest episodes, the present one first. */
export type Lineage = { state: EpisodeState; records: readonly (Doc<AlertRecord> | undefined)[] };

/** The accept side and the stream behind it. @throws AppError `unavailable` when nothing could be stored. */
export type Intake = {
  /** Compares, records and queues in one round trip (section 3). */
  accept(group: SightingGroup, body: Buffer): Promise<{ accepted: number; unchanged: number }>;
  /** New entries for this consumer; waits up to `block` for one. Survives FLUSHALL and a lost consumer group. */
  read(options: { count: number; block: Milliseconds }): Promise<readonly IntakeEntry[]>;
  /** Entries that another consumer took and did not finish within `idle`. */
  reclaim(idle: Milliseconds): Promise<readonly IntakeEntry[]>;
  states(keys: readonly EpisodeKey[]): Promise<readonly (EpisodeState | undefined)[]>;
  /** The store's time and, per key, its lineage with the records of up to `back` former episodes, in one round trip. */
  look(
    keys: readonly EpisodeKey[],
    back: number,
  ): Promise<{ now: Instant; lineages: readonly (Lineage | undefined)[] }>;
  /** Closes an episode that its source no longer knows; false when it has moved on meanwhile. */
  vanish(key: EpisodeKey, opening: number): Promise<boolean>;
  /** Entries not assessed yet, oldest first. */
  waiting(limit: number): Promise<readonly IntakeEntry[]>;
  backlog(): Promise<{ entries: number; oldestAge: Milliseconds }>;
  /** Last time any body carried this episode (its own record or its group's digest). */
  lastSeen(key: EpisodeKey): Promise<Instant | undefined>;
};
