import { isYounger, type Lease, leaseField } from "../core/lease.ts";
import { hasChanged, undoPath } from "../core/run/changed.ts";
import { stepKeptBy } from "../core/run/grants.ts";
import type { Run } from "../core/run/run.ts";
import type { Check, Doc, Store, Write } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { type DecideDeps, readRun, say } from "./decide/deps.ts";
import { liveLeases } from "./lease-stack.ts";

/** Field → `RUN STEP` of the last change of it that a person chose to keep, and its lease where it had one. */
const KEPT = "kept";
/** How often it is looked at whether the run of a kept change has ended. */
const LOOK_AGAIN: Milliseconds = 60_000;

/** A kept change over a lease: by whom, and whether its run has ended, as it may still go back until then. */
export type Kept = { by: string; settled: boolean };

/** Remembers that a change of this field stays; what is named is the lease that it does not get. */
export function keepWrites(lease: Pick<Lease, "runId" | "step" | "undo" | "field">): readonly Write[] {
  return fieldWrites(lease, `${lease.runId} ${lease.step}`);
}

/** The same for a change that had its lease until a person chose to keep it. */
export function leaseKeptWrites(lease: Lease): readonly Write[] {
  return fieldWrites(lease, `${lease.runId} ${lease.step} ${lease.id}`);
}

/** Under both names of the field: leases of older versions know it by the names that their step had. */
function fieldWrites(lease: Pick<Lease, "undo" | "field">, value: string): readonly Write[] {
  const names = new Set([leaseField(lease), leaseField({ undo: lease.undo })]);
  return [...names].map((name) => ({ write: "field", hash: KEPT, field: name, value }));
}

/** The kept change made over this lease's field since, unless it went back with its run or a person reverts the lease after it. */
export async function keptOver(deps: { store: Store }, lease: Lease): Promise<Kept | undefined> {
  return (await lookAtKept(deps, lease)).kept;
}

/** The same, with the check by which a commit makes sure that nothing has been kept since. */
export async function lookAtKept(
  { store }: { store: Store },
  lease: Lease,
): Promise<{ kept: Kept | undefined; unchanged: Check }> {
  const field = leaseField(lease);
  const value = await store.field(KEPT, field);
  const unchanged: Check = { check: "field", hash: KEPT, field, is: value ?? null };
  return { kept: value === undefined ? undefined : await standing(store, lease, value), unchanged };
}

async function standing(store: Store, lease: Lease, value: string): Promise<Kept | undefined> {
  const [runId = "", path, leaseId] = value.split(" ");
  if (leaseId !== undefined) return keptLease(store, lease, leaseId);
  const run = await readRun(store, runId);
  if (!run || path === undefined) return undefined;
  const by = stepKeptBy(run, path);
  const at = run.steps.get(path)?.at ?? 0;
  const isOver = at > lease.createdAt && at > (lease.revertedBy?.at ?? 0);
  return by !== undefined && isOver && stands(run, path) ? { by, settled: run.ended !== undefined } : undefined;
}

async function keptLease(store: Store, lease: Lease, id: string): Promise<Kept | undefined> {
  const kept = (await store.get<Lease>("lease", id))?.body;
  if (kept?.keptBy === undefined || !isYounger(kept, lease)) return undefined;
  return kept.keptBy.at > (lease.revertedBy?.at ?? 0) ? { by: kept.keptBy.by, settled: true } : undefined;
}

function stands(run: Run, path: string): boolean {
  const record = run.steps.get(path);
  return record !== undefined && hasChanged(record) && run.steps.get(undoPath(path))?.outcome !== "succeeded";
}

/** Ends a lease without undoing anything, once the run of the kept change has ended. */
export async function endUnderKept(
  deps: Pick<DecideDeps, "store">,
  { body: lease, rev }: Doc<Lease>,
  { kept, now }: { kept: Kept; now: Instant },
): Promise<void> {
  const member = `lease:${lease.id}`;
  const text = `lease ${lease.id} ended and undid nothing, as ${kept.by} chose to keep a later change of the same`;
  await deps.store.commit({
    checks: [{ check: "rev", kind: "lease", id: lease.id, rev }],
    writes: kept.settled
      ? [
          { write: "put", kind: "lease", id: lease.id, body: { ...lease, status: "superseded" } },
          { write: "unindex", index: "leases:active", member: lease.id },
          { write: "undue", member },
          ...say(lease.incidentId, { at: now, kind: "lease", text, by: "stanch" }),
        ]
      : [{ write: "due", member, at: now + LOOK_AGAIN }],
  });
}

/** Forgets what no lease could undo any more: a kept change only matters to the older leases on its field. */
export async function forgetKept(store: Store): Promise<void> {
  const kept = Object.entries(await store.fields(KEPT));
  const leased = new Set(kept.length === 0 ? [] : (await liveLeases(store)).map(({ body }) => leaseField(body)));
  for (const [field, value] of kept.filter(([name]) => !leased.has(name))) {
    await store.commit({
      checks: [{ check: "field", hash: KEPT, field, is: value }],
      writes: [{ write: "field", hash: KEPT, field, value: null }],
    });
  }
}
