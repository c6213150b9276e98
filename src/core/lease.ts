import type { Undo } from "./action.ts";
import { digestOf } from "./hash.ts";
import { canonicalJson } from "./json.ts";
import type { Instant } from "./time.ts";

export type LeaseStatus = "active" | "reverting" | "reverted" | "failed" | "superseded" | "kept";

/** The promise to undo a mitigation at a time (document kind `lease`). */
export type Lease = {
  id: string;
  runId: string;
  incidentId?: string;
  playbook: string;
  step: string;
  target: string;
  /** What will be done to undo it, in words. */
  describe: string;
  undo: Undo;
  /** What it changes, however its step names that; absent on leases of older versions. */
  field?: string;
  onEnd: { kind: "revert" } | { kind: "playbook"; name: string };
  status: LeaseStatus;
  createdAt: Instant;
  /**
   * What the store's own clock said while its run held the target. `createdAt` is a worker's reckoning and may be some milliseconds or, where the
   * store was slow, seconds ahead. Absent on leases of older versions.
   */
  heldAt?: Instant;
  /** Its place among those that its run made; absent on leases of older versions. */
  order?: number;
  endsAt: Instant;
  /** The run that undoes it, once it started. */
  revertRun?: string;
  /** How often undoing was tried and failed. */
  attempts: number;
  /** How many runs were started to undo it; without it, as many as failed. */
  undoings?: number;
  /** Who chose that it is not undone. */
  keptBy?: { by: string; at: Instant };
  extendedBy?: readonly string[];
  /** Who ended it ahead of its time, and who took that back by extending it. */
  revertedBy?: { by: string; at: Instant; takenBackBy?: string };
  /** Since when `release-when` has held without a break. */
  heldSince?: Instant;
  /** When it was found to hold last. */
  lookedAt?: Instant;
  /** Why undoing it failed last. */
  failure?: string;
};

/** True while a lease whose undoing has failed waits for the next attempt: what it has changed is in force for longer than was promised. */
export function isOverdue({ status, attempts, failure }: Pick<Lease, "status" | "attempts" | "failure">): boolean {
  return status === "active" && attempts > 0 && failure !== undefined;
}

/** Who has ended a lease ahead of its time, as long as nobody has taken that back. */
export function standingRevert({ revertedBy }: Lease): Lease["revertedBy"] {
  return revertedBy?.takenBackBy === undefined ? revertedBy : undefined;
}

/** How many runs have been started to undo a lease. */
export function undoingsOf({ undoings, attempts }: Lease): number {
  return undoings ?? attempts;
}

/** The inputs of an undo that say what to write. */
const WRITTEN: ReadonlySet<string> = new Set(["value", "replicas", "desired"]);

/** Inputs of an undo that say what to write, or what to find there, and not where. */
const VALUES: ReadonlySet<string> = new Set(["value", "expected", "uid", "replicas", "desired", "allowDown", "create"]);

/** Inputs that only say where a target is, which its lock key says without regard to defaults. */
const WHERE: ReadonlySet<string> = new Set(["connection", "namespace"]);

/** Which field an undo changes: everything it says but the values, and the lock keys of its target in place of the names it has for that. */
export function fieldOf(undo: Undo, targets: readonly string[]): string {
  const place = Object.entries(placeOfUndo(undo)).filter(([name]) => !WHERE.has(name));
  return digestOf(undo.uses, canonicalJson(targets.toSorted()), canonicalJson(Object.fromEntries(place)));
}

/** The field that a lease changes. */
export function leaseField({ field, undo }: Pick<Lease, "undo" | "field">): string {
  return field ?? digestOf(undo.uses, canonicalJson(placeOfUndo(undo)));
}

/** Whether two leases change one field; one of an older version goes by the names that its step had. */
export function isOneField(one: Pick<Lease, "undo" | "field">, other: Pick<Lease, "undo" | "field">): boolean {
  if (one.field !== undefined && other.field !== undefined) return one.field === other.field;
  return leaseField({ undo: one.undo }) === leaseField({ undo: other.undo });
}

function placeOfUndo(undo: Undo): Inputs {
  const { changes } = undo.with;
  const places = Array.isArray(changes) ? { changes: [...new Set(changes.map(placeOf))].toSorted() } : {};
  return { ...withoutValues(undo.with), ...places };
}

/** Whether a call is about what a lease changes, as far as its inputs say. */
export function isAbout({ undo }: Pick<Lease, "undo">, call: { uses: string; input: Inputs }): boolean {
  if (call.uses !== undo.uses) return false;
  const { changes: _, ...place } = withoutValues(undo.with);
  return Object.entries(place).every(
    ([name, value]) => call.input[name] === undefined || canonicalJson(call.input[name]) === canonicalJson(value),
  );
}

/** Whether a lease was made after another one: by when their runs held the target, and in one run by the order of its steps. */
export function isYounger(one: Lease, other: Lease): boolean {
  const [held, otherHeld] = [one.heldAt, other.heldAt];
  if (one.runId !== other.runId && held !== undefined && otherHeld !== undefined && held !== otherHeld)
    return held > otherHeld;
  if (one.createdAt !== other.createdAt) return one.createdAt > other.createdAt;
  return (one.order ?? 0) > (other.order ?? 0);
}

/**
 * What a younger lease on the same field undoes when an older one has ended under it: it finds its own value, and restores the older's.
 * Where it found another value than the older one had left, somebody else had changed that, and it restores what it found.
 */
export function handedDown(older: Undo, younger: Undo): Undo {
  const { expected, changes } = younger.with;
  if (Array.isArray(changes)) {
    const merged = mergedChanges(older.with["changes"], changes);
    return { ...older, with: { ...older.with, ...(expected === undefined ? {} : { expected }), changes: merged } };
  }
  const isSame = isLeft(older.with["uid"], younger.with["uid"]);
  if (!isSame || !isLeft(older.with["expected"], writtenBy(younger.with))) return younger;
  return { ...older, with: { ...older.with, ...(expected === undefined ? {} : { expected }) } };
}

/** Whether a younger lease restores what an older one has left, and where it has, as far as both say. */
function isLeft(left: unknown, restored: unknown): boolean {
  return left === undefined || restored === undefined || canonicalJson(left) === canonicalJson(restored);
}

/** What a lease has still to undo after its run has undone the step: nothing, or what an older one has handed down to it since. */
export function leftToUndo(lease: Undo, undone: Undo): Undo | undefined {
  if (canonicalJson(lease) === canonicalJson(undone)) return undefined;
  const { changes } = lease.with;
  const merged = Array.isArray(changes) ? { changes: restoredBefore(changes, undone.with["changes"]) } : {};
  return { ...lease, with: { ...lease.with, ...foundAfter(undone.with), ...merged } };
}

/** What is to be found where an undoing has written. */
function foundAfter(undone: Inputs): Inputs {
  const written = writtenBy(undone);
  return written === undefined ? {} : { expected: written };
}

function writtenBy(undone: Inputs): unknown {
  return Object.entries(undone).find(([name]) => WRITTEN.has(name))?.[1];
}

function restoredBefore(changes: readonly Inputs[], undone: unknown): readonly Inputs[] {
  const written = new Map((undone as readonly Inputs[]).map((change) => [placeOf(change), change]));
  return changes.map((change) => ({ ...change, ...foundAfter(written.get(placeOf(change)) ?? {}) }));
}

type Inputs = Readonly<Record<string, unknown>>;

function withoutValues(inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !VALUES.has(name)));
}

function placeOf(change: Inputs): string {
  return canonicalJson(withoutValues(change));
}

/** Several changes of one place are undone one after the other: the first finds what is there, the last says what is restored. */
function mergedChanges(older: unknown, younger: readonly Inputs[]): readonly Inputs[] {
  const before = lastByPlace(older as readonly Inputs[]);
  const found = firstByPlace(older as readonly Inputs[]);
  const own = lastByPlace(younger);
  return [...firstByPlace(younger)].map(([place, { expected }]) => {
    const isHandedDown = isLeft(found.get(place)?.["expected"], own.get(place)?.["value"]);
    return { ...(isHandedDown ? before : own).get(place), expected };
  });
}

function lastByPlace(changes: readonly Inputs[]): ReadonlyMap<string, Inputs> {
  return new Map(changes.map((change) => [placeOf(change), change]));
}

function firstByPlace(changes: readonly Inputs[]): ReadonlyMap<string, Inputs> {
  const first = new Map<string, Inputs>();
  for (const change of changes) if (!first.has(placeOf(change))) first.set(placeOf(change), change);
  return first;
}
