import { formatDuration } from "../../core/duration.ts";
import { idOf } from "../../core/hash.ts";
import { fieldOf, type Lease } from "../../core/lease.ts";
import type { LeaseTerms } from "../../core/playbook/playbook.ts";
import { hasChanged, undoingOf, undonePath } from "../../core/run/changed.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { stepKeptBy } from "../../core/run/grants.ts";
import type { Run } from "../../core/run/run.ts";
import { scopeOf } from "../../core/run/scope.ts";
import { findStep } from "../../core/run/steps.ts";
import { itemAt } from "../../core/run/walk.ts";
import type { Write } from "../../core/store.ts";
import { type Instant, plainTime } from "../../core/time.ts";
import { keepWrites } from "../lease-kept.ts";
import type { Turn } from "./turn.ts";

type Place = { path: string; now: Instant };

type LeaseTurn = Pick<Turn, "run" | "playbook" | "deps" | "storedAt">;

/** A lease that cannot be dated ends after this time: nothing temporary stays. */
const DEFAULT_LEASE = 60 * 60_000;

/**
 * What the outcome of a leased step stores besides itself: the promise to undo it, or a line that a person chose to keep it. A step whose
 * call was accepted and whose rollout failed has changed the world too.
 */
export function leaseWrites(turn: LeaseTurn, path: string, now: Instant): readonly Write[] {
  const lease = leaseOf(turn, path, now);
  if (!lease) return [];
  const keeper = stepKeptBy(turn.run, path);
  return keeper === undefined ? promiseWrites(turn, lease, undated(turn, path, now)) : keptWrites(lease, keeper);
}

/** A step that its own run has undone needs its lease no more: it is looked at now. */
export function undoneWrites(
  { run, playbook }: LeaseTurn,
  event: Extract<RunEvent, { type: "outcome" }>,
): readonly Write[] {
  const undone = event.outcome === "succeeded" ? undonePath(event.path) : undefined;
  if (undone === undefined || !findStep(playbook.steps, undone)?.lease) return [];
  return [{ write: "due", member: `lease:${leaseId(run, undone)}`, at: 0 }];
}

function leaseId(run: Run, path: string): string {
  return idOf("lea", run.created.id, path);
}

/** No lease: what was changed stays, and the timeline says who wanted that. */
function keptWrites(lease: Lease, keeper: string): readonly Write[] {
  const { incidentId, runId, step, createdAt } = lease;
  if (incidentId === undefined) return keepWrites(lease);
  const text = `${step} stays: ${keeper} chose to keep it, so it has no lease and nothing undoes it after this run`;
  const line = { at: createdAt, kind: "lease", by: keeper, runId, text };
  return [...keepWrites(lease), { write: "append", list: `timeline:${incidentId}`, items: [line] }];
}

/** The lease itself, due at its end; `remark` ends the line that tells of it. */
function promiseWrites(turn: LeaseTurn, lease: Lease, remark: string): readonly Write[] {
  const { id, incidentId, createdAt, endsAt, describe } = lease;
  const line = {
    at: createdAt,
    kind: "lease",
    by: "stanch",
    runId: lease.runId,
    text: `lease ${id}: ${describe}, at ${plainTime(endsAt)} at the latest${remark}`,
  };
  const shared: Write[] = [
    { write: "put", kind: "lease", id, body: lease },
    { write: "index", index: "leases", member: id, score: createdAt },
    { write: "index", index: "leases:active", member: id, score: createdAt },
    { write: "due", member: `lease:${id}`, at: firstLook(turn, lease) },
  ];
  if (incidentId === undefined) return shared;
  return [
    ...shared,
    { write: "add", set: `incident:${incidentId}:leases`, members: [id] },
    { write: "append", list: `timeline:${incidentId}`, items: [line] },
  ];
}

function leaseOf(turn: LeaseTurn, path: string, now: Instant): Lease | undefined {
  const record = turn.run.steps.get(path);
  const step = findStep(turn.playbook.steps, path);
  if (!record || !step?.lease || !hasChanged(record)) return undefined;
  const undoing = undoingOf(record, turn.deps.actions);
  if (undoing.kind !== "undo") return undefined;
  const { undo } = undoing;
  const { created } = turn.run;
  const describe = turn.deps.actions.get(undo.uses)?.describe(undo.with) ?? undo.uses;
  return {
    id: leaseId(turn.run, path),
    runId: created.id,
    ...(created.incidentId === undefined ? {} : { incidentId: created.incidentId }),
    playbook: created.playbook,
    step: path,
    target: created.target,
    describe,
    undo,
    field: fieldOf(undo, record.targets),
    onEnd: step.lease.onEnd,
    status: "active",
    createdAt: now,
    heldAt: turn.storedAt,
    order: [...turn.run.steps.keys()].indexOf(path),
    endsAt: endOf(turn, step.lease, { path, now }),
    attempts: 0,
  };
}

/** A lease that may end early is looked at every minute. */
function firstLook(turn: LeaseTurn, lease: Lease): Instant {
  const watched = (findStep(turn.playbook.steps, lease.step)?.lease?.releaseWhen.length ?? 0) > 0;
  return watched ? Math.min(lease.endsAt, lease.createdAt + 60_000) : lease.endsAt;
}

function endOf({ run, playbook }: LeaseTurn, terms: LeaseTerms, { path, now }: Place): Instant {
  if (terms.for !== undefined) return now + terms.for;
  const until = terms.until?.render(scopeOf(run, now, { path, item: itemAt(run, playbook.steps, path) }));
  return until?.known && until.value > now ? until.value : now + DEFAULT_LEASE;
}

/** Why a lease ends at another time than its `until` was meant to say; empty when it does not. */
function undated({ run, playbook }: LeaseTurn, path: string, now: Instant): string {
  const terms = findStep(playbook.steps, path)?.lease;
  if (terms?.until === undefined || terms.for !== undefined) return "";
  const until = terms.until.render(scopeOf(run, now, { path, item: itemAt(run, playbook.steps, path) }));
  if (until.known && until.value > now) return "";
  const why = until.known ? `is over (${plainTime(until.value)})` : `cannot be told (${until.why})`;
  return `: after ${formatDuration(DEFAULT_LEASE)}, as its until ${why}`;
}
