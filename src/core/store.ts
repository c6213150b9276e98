import type { SourceName } from "./alert.ts";
import type { Instant, Milliseconds } from "./time.ts";

/**
 * Everything stanch remembers, as named documents (JSON with a revision), lists, sets, sorted indexes, hash fields, locks,
 * budgets and the `due` set. Every change is one `commit`: all checks hold and all writes happen, or nothing does.
 * The Redis adapter runs it as one Lua script; the memory twin in one tick. All instants are the store's own clock.
 */
export type DocKind =
  | "alert"
  | "incident"
  | "approval"
  | "lease"
  | "task"
  | "playbook"
  | "chat"
  | "pause"
  | "report"
  | "escalation"
  | "demotion";

export type Check =
  /** The document's revision is this; 0: it does not exist. */
  | { check: "rev"; kind: DocKind; id: string; rev: number }
  /** The episode is the first one of its fingerprint, it fires, and nothing makes that doubtful. */
  | { check: "first"; source: SourceName; fingerprint: string }
  /** The list has exactly this many items. */
  | { check: "length"; list: string; is: number }
  /** The hash field has this value; null: it is absent. */
  | { check: "field"; hash: string; field: string; is: string | null }
  /** Every lock is free or this owner's. */
  | { check: "free"; locks: readonly string[]; owner: string }
  /** At least one of these locks is another's. */
  | { check: "held"; locks: readonly string[]; owner: string }
  /** No pause document covers any of these scopes (`global`, `playbook:N`, `target:T`, `incident:ID`, `taken:ID`). */
  | { check: "unpaused"; scopes: readonly string[] }
  /** The marker is absent or has run out. */
  | { check: "elapsed"; marker: string }
  /** Fewer than `limit` reservations of the budget in the last `per` ms, not counting `id`'s own. */
  | { check: "under"; budget: string; id: string; limit: number; per: Milliseconds }
  /** Fewer than `limit` members in the set, not counting `member`. */
  | { check: "below"; set: string; member: string; limit: number }
  | { check: "empty"; set: string }
  /** The claim on this run is held by this epoch. */
  | { check: "claim"; run: string; epoch: number };

export type Write =
  | { write: "put"; kind: DocKind; id: string; body: object }
  | { write: "delete"; kind: DocKind; id: string }
  | { write: "append"; list: string; items: readonly object[] }
  /** Puts a list, whose items these are, into less room where that can be; it reads as before and may be appended to. */
  | { write: "seal"; list: string; items: readonly object[] }
  | { write: "drop"; list: string }
  | { write: "add"; set: string; members: readonly string[] }
  | { write: "remove"; set: string; members: readonly string[] }
  | { write: "field"; hash: string; field: string; value: string | null }
  /** Sorted index, newest first in lists. */
  | { write: "index"; index: string; member: string; score: number }
  | { write: "unindex"; index: string; member: string }
  /** Makes the next wake-up of `member` (`run:ID`, `lease:ID`, `incident:ID`, `chat:ID`, `approval:ID`, `follow:ID`) due. */
  | { write: "due"; member: string; at: Instant }
  | { write: "undue"; member: string }
  | { write: "lock"; locks: readonly string[]; owner: string }
  /** Frees those of these locks that are the owner's; whatever waits for one of them is due now. */
  | { write: "unlock"; locks: readonly string[]; owner: string }
  /** `member` waits for the first of these locks that another holds. */
  | { write: "await"; locks: readonly string[]; owner: string; member: string }
  | { write: "mark"; marker: string; for: Milliseconds }
  | { write: "reserve"; budget: string; id: string; keep: Milliseconds }
  | { write: "unreserve"; budget: string; id: string }
  /** The first claim, of epoch 1, on a run that the same commit creates; its recovery wake-up is due at the end of it. */
  | { write: "claim"; run: string; for: Milliseconds }
  /** Ends the claim if it is still this epoch's. */
  | { write: "release"; run: string; epoch: number }
  /** Acknowledges an entry of the assessment stream and removes it. */
  | { write: "ack"; entry: string; aside?: string }
  /** Removes the named thing at this instant (retention); null keeps it for good again, and so does a `put` of the document. A document's name is `KIND:ID`. */
  | { write: "expire"; what: "doc" | "list" | "set" | "hash" | "claim"; name: string; at: Instant | null }
  /** Removes the members of a sorted index whose score is below this. */
  | { write: "trim"; index: string; below: number };

/** `durable`: with `durability: wait:N` the commit answers only when N replicas have it (an intent, before its call). */
export type Tx = { checks: readonly Check[]; writes: readonly Write[]; durable?: boolean };

/** `woken`: what waited for a lock that this commit has freed. `failed` is the first check that did not hold. */
export type Committed =
  | { ok: true; now: Instant; woken?: readonly string[] }
  | { ok: false; now: Instant; failed: Check };

export type Doc<T> = { rev: number; body: T };

/** A claim on a run: nobody else gets one until `until` (store time), and every commit names its epoch. */
export type Claim = { run: string; epoch: number; until: Instant; now: Instant };

/** What one load of a run reads, in one round trip. */
export type LoadedRun = { events: readonly object[]; inbox: readonly object[]; now: Instant };

/** What the guards of one step read, in one round trip. Markers give the milliseconds left, indexes the members from `min` on. */
export type GuardReads = {
  locks: readonly string[];
  markers: readonly string[];
  budgets: readonly { budget: string; per: Milliseconds }[];
  sets: readonly string[];
  indexes: readonly { index: string; min: number }[];
  docs: readonly { kind: DocKind; id: string }[];
};
export type GuardValues = {
  pauses: readonly Pause[];
  locks: Readonly<Record<string, string>>;
  markers: readonly Milliseconds[];
  budgets: readonly number[];
  sets: readonly number[];
  indexes: readonly number[];
  docs: readonly (Doc<object> | undefined)[];
};

/** @throws AppError `unavailable` from every method when the store cannot be reached; nothing has changed then, as far as is known. */
export type Store = {
  commit(tx: Tx): Promise<Committed>;
  now(): Promise<Instant>;
  get<T extends object>(kind: DocKind, id: string): Promise<Doc<T> | undefined>;
  getMany<T extends object>(kind: DocKind, ids: readonly string[]): Promise<readonly (Doc<T> | undefined)[]>;
  field(hash: string, field: string): Promise<string | undefined>;
  fields(hash: string): Promise<Readonly<Record<string, string>>>;
  /** Items `from`..end (or `count` of them) of a list. */
  list<T extends object>(list: string, from?: number, count?: number): Promise<readonly T[]>;
  length(list: string): Promise<number>;
  members(set: string): Promise<readonly string[]>;
  /** At most `count` different members, any of them: for sets that may be large. */
  some(set: string, count: number): Promise<readonly string[]>;
  size(set: string): Promise<number>;
  /** Newest first, of one index or of several together; `cursor` is what the last page returned as `next`. */
  page(
    index: string | readonly string[],
    options: { limit: number; cursor?: string },
  ): Promise<{ members: readonly string[]; next?: string }>;
  /** Members of an index with a score in the range, oldest first. */
  range(index: string, min: number, max: number, limit: number): Promise<readonly string[]>;
  /** Raises and returns a counter, for numbers people can say aloud (`inc-12`). */
  next(counter: string): Promise<number>;
  /** Who holds which of these locks. */
  locks(keys: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** Reservations of a budget within the last `per`. */
  spent(budget: string, per: Milliseconds): Promise<number>;
  /** Milliseconds until the marker runs out; 0 when it is absent. */
  remaining(marker: string): Promise<Milliseconds>;
  /** Scopes that are paused now, with their reasons. */
  pauses(): Promise<readonly Pause[]>;
  guardValues(reads: GuardReads): Promise<GuardValues>;
  /**
   * Takes the claim and makes a recovery wake-up due at its end; undefined while another holds it, or where the member `ifDue` is known
   * to be due later.
   */
  claim(run: string, forMs: Milliseconds, ifDue?: string): Promise<Claim | undefined>;
  loadRun(run: string): Promise<LoadedRun>;
  /** Members of `due` that are due now, oldest first. */
  due(limit: number): Promise<readonly { member: string; at: Instant }[]>;
};

/** Document kind `pause`, id = scope. `until` undefined: until somebody resumes. */
export type Pause = { scope: string; by: string; reason: string; at: Instant; until?: Instant };
