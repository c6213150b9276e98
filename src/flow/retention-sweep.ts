import type { Approval } from "../core/approval.ts";
import type { Config } from "../core/config.ts";
import type { AlertRecord } from "../core/episode.ts";
import type { Lease } from "../core/lease.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun } from "../core/run/run.ts";
import type { DocKind, Store, Write } from "../core/store.ts";
import type { Task } from "../core/task.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { forgetKept } from "./lease-kept.ts";
import { ALERT_INDEXES, alertRemoval, approvalRemoval, leaseRemoval, runRemoval, taskRemoval } from "./removal.ts";
import { TARGETS_ALERTING, TARGETS_SEEN } from "./run/targets.ts";

export type RetentionSweepDeps = {
  store: Store;
  config: Pick<Config, "retention">;
  /** Forgets closed episodes that no body has carried since; absent where there is no intake. */
  forget?(before: Instant): Promise<number>;
};

/** The wake-up of the sweep; whoever starts working makes it due. */
export const RETENTION_SWEEP = "retention:all";

const DAY: Milliseconds = 24 * 3_600_000;
const SWEEP_EVERY: Milliseconds = DAY / 4;
/** An episode is forgotten later than its record, so that its next opening never takes the name of one still on record. */
const EPISODE_MARGIN: Milliseconds = 7 * DAY;
/** Guards look back this far for known targets. */
const TARGETS_KEPT: Milliseconds = 7 * DAY;
const PORTION = 200;

/** One thing of an index: where it stands there, until when it is wanted, and what takes it away. */
type Row = { score: Instant; keptUntil: Instant; incident?: string; writes: readonly Write[] };

/** What one index holds. `rows` answers in the order of the ids. */
type Swept = { index: string; rows(ids: readonly string[]): Promise<readonly Row[]> };

/**
 * Removes what no incident takes with it when it goes: alerts that never had one, runs and leases of their own, answered tasks,
 * closed episodes, kept changes that no lease is left for, targets nobody has seen. What still is under way stays, however old.
 */
export async function sweepRetention(deps: RetentionSweepDeps): Promise<void> {
  const now = await deps.store.now();
  const { retention } = deps.config;
  for (const swept of sweptIndexes(deps, now)) await sweepIndex(deps.store, swept, { now, before: now - retention });
  await deps.forget?.(now - retention - EPISODE_MARGIN);
  await forgetKept(deps.store);
  await deps.store.commit({
    checks: [],
    writes: [
      { write: "trim", index: TARGETS_SEEN, below: now - Math.max(retention, TARGETS_KEPT) },
      { write: "trim", index: TARGETS_ALERTING, below: now - Math.max(retention, TARGETS_KEPT) },
      { write: "due", member: RETENTION_SWEEP, at: now + SWEEP_EVERY },
    ],
  });
}

type Until = { now: Instant; before: Instant };

/** Oldest first, in portions; a portion of which nothing can go is stepped over. */
async function sweepIndex(store: Store, { index, rows }: Swept, { now, before }: Until): Promise<void> {
  let from: Instant = 0;
  while (true) {
    const ids = await store.range(index, from, before, PORTION);
    const found = ids.length === 0 ? [] : await rows(ids);
    const gone = await removable(store, found, now);
    if (gone.length > 0) await store.commit({ checks: [], writes: gone.flatMap((row) => row.writes) });
    if (ids.length < PORTION) return;
    const last = found.at(-1)?.score ?? from;
    if (gone.length === 0) from = last > from ? last : from + 1;
  }
}

async function removable(store: Store, rows: readonly Row[], now: Instant): Promise<readonly Row[]> {
  const old = rows.filter((row) => row.keptUntil <= now);
  const names = [...new Set(old.flatMap((row) => row.incident ?? []))];
  const docs = names.length === 0 ? [] : await store.getMany("incident", names);
  const alive = new Set(names.filter((_, at) => docs[at] !== undefined));
  return old.filter((row) => row.incident === undefined || !alive.has(row.incident));
}

const NEVER = Number.POSITIVE_INFINITY;

function sweptIndexes({ store, config }: RetentionSweepDeps, now: Instant): readonly Swept[] {
  const { retention } = config;
  return [
    ...ALERT_INDEXES.map((index) =>
      of<AlertRecord>(store, { kind: "alert", index, removal: alertRemoval }, ({ state, incidentId }) => {
        const over = state.status === "resolved" ? Math.max(state.lastSeen, state.endsAt ?? 0) : NEVER;
        return { score: state.openedAt, keptUntil: over + retention, ...at(incidentId) };
      }),
    ),
    { index: "runs", rows: (ids) => Promise.all(ids.map((id) => runRow(store, id, { now, retention }))) },
    of<Approval>(store, { kind: "approval", index: "approvals", removal: approvalRemoval }, (approval) => {
      const over = approval.status === "pending" ? NEVER : (approval.decidedAt ?? approval.requestedAt);
      return { score: approval.requestedAt, keptUntil: over + retention, ...at(approval.incidentId) };
    }),
    of<Lease>(store, { kind: "lease", index: "leases", removal: leaseRemoval }, (lease) => {
      const over = lease.status === "active" || lease.status === "reverting" ? NEVER : lease.endsAt;
      return { score: lease.createdAt, keptUntil: over + retention, ...at(lease.incidentId) };
    }),
    of<Task>(store, { kind: "task", index: "tasks", removal: taskRemoval }, (task) => {
      const over = task.doneAt ?? task.withdrawnAt ?? task.createdAt;
      return { score: task.createdAt, keptUntil: over + retention, ...at(task.incidentId) };
    }),
  ];
}

function at(incident: string | undefined): { incident?: string } {
  return incident === undefined ? {} : { incident };
}

type Kind = { kind: DocKind; index: string; removal(id: string): readonly Write[] };

/** An index of documents; a member whose document is gone goes too. */
function of<T extends object>(store: Store, kind: Kind, read: (body: T) => Omit<Row, "writes">): Swept {
  return {
    index: kind.index,
    async rows(ids) {
      const docs = await store.getMany<T>(kind.kind, ids);
      return ids.map((id, place) => {
        const doc = docs[place];
        return { ...(doc ? read(doc.body) : { score: 0, keptUntil: 0 }), writes: kind.removal(id) };
      });
    },
  };
}

async function runRow(
  store: Store,
  id: string,
  { now, retention }: { now: Instant; retention: Milliseconds },
): Promise<Row> {
  const { events } = await store.loadRun(id);
  const writes = runRemoval(id, now);
  if (events.length === 0) return { score: 0, keptUntil: 0, writes };
  const { created, ended } = foldRun(events as readonly RunEvent[]);
  return { score: created.at, keptUntil: (ended?.at ?? NEVER) + retention, ...at(created.incidentId), writes };
}
