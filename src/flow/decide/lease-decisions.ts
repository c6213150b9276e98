import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { formatDuration } from "../../core/duration.ts";
import { type Lease, standingRevert, undoingsOf } from "../../core/lease.ts";
import type { InboxItem } from "../../core/run/inbox.ts";
import type { Run } from "../../core/run/run.ts";
import type { Check, Write } from "../../core/store.ts";
import { type Instant, type Milliseconds, plainTime } from "../../core/time.ts";
import { leaseKeptWrites } from "../lease-kept.ts";
import { type DecideDeps, nameOf, readDoc, readRun, refuse, say, settleChange } from "./deps.ts";

/** A lease ends at most so long from now, however often it is extended: what shall stay for longer is no temporary change. */
const AHEAD_AT_MOST: Milliseconds = 30 * 24 * 3_600_000;

/**
 * Moves a lease's end: from now if it had ended before, else from its present end, and never far ahead. One that is being undone already is taken back as
 * long as the undoing has not begun its call.
 */
export async function extend(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "extend" }>,
): Promise<Decided> {
  if (decision.for <= 0) return refuse("invalid_request", "extend by a time above 0, such as 30m");
  return change(deps, decision.lease, async (lease, now) => {
    const unseen = extendedSince(lease, decision);
    if (unseen !== undefined) return refuse("conflict", unseen);
    const tooFar = beyond(lease, decision.for, now);
    if (tooFar !== undefined) return refuse("invalid_request", tooFar);
    const by = nameOf(actor);
    const held = lease.status === "reverting" ? await takeBack(deps, lease, { by, now }) : NOTHING;
    if ("ok" in held) return held;
    const endsAt = Math.max(lease.endsAt, now) + decision.for;
    const text = `${by} extended lease ${lease.id} by ${formatDuration(decision.for)}, to ${plainTime(endsAt)}`;
    const extendedBy = [...(lease.extendedBy ?? []), by];
    const reverted = standingRevert(lease);
    const takenBack = reverted === undefined ? {} : { revertedBy: { ...reverted, takenBackBy: by } };
    return { lease: { ...afresh(lease), ...takenBack, endsAt, extendedBy }, text, due: endsAt, by, held };
  });
}

/**
 * Who has extended it since the person saw it: of two clicks, or two people, on one message both meant the same end. Undefined where nobody
 * has, or where it was reverted since: then it is to be kept.
 */
function extendedSince(lease: Lease, { extensions }: Extract<Decision, { verb: "extend" }>): string | undefined {
  const { id, endsAt, extendedBy = [] } = lease;
  const last = extendedBy.at(-1);
  const isSeen = extensions === undefined || last === undefined || extendedBy.length === extensions;
  if (isSeen || standingRevert(lease)) return undefined;
  return `lease ${id} was extended already, by ${last}, and ends ${plainTime(endsAt)}; \`extend ${id} 30m\` extends it further`;
}

/** Why a lease cannot be extended by so much; undefined where it can. */
function beyond({ id, endsAt }: Lease, by: Milliseconds, now: Instant): string | undefined {
  const left = now + AHEAD_AT_MOST - Math.max(endsAt, now);
  if (by <= left) return undefined;
  const most =
    left > 0 ? `extend lease ${id} by at most ${formatDuration(left)}` : `lease ${id} ends ${plainTime(endsAt)}`;
  return `a lease ends at most ${formatDuration(AHEAD_AT_MOST)} from now: ${most}; what shall stay for longer belongs into the target's own configuration`;
}

/**
 * Ends a lease now: the engine undoes it at once. Where that could not be done before it is tried again, without the playbook that `then`
 * names: that has failed for good.
 */
export async function revert(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "revert" }>,
): Promise<Decided> {
  return change(deps, decision.lease, async (lease, now) => {
    if (lease.status === "reverting") return refuse("conflict", `lease ${lease.id} is being undone already`);
    const first = lease.status === "active" ? endedBy(lease, now) : undefined;
    if (first !== undefined)
      return refuse("conflict", `lease ${lease.id} is being undone already: ${first} reverted it`);
    const by = nameOf(actor);
    const why = decision.reason === undefined ? "" : ` (${decision.reason})`;
    const text = `${by} reverts lease ${lease.id} now: ${lease.describe}${why}`;
    const onEnd = lease.status === "failed" ? ({ kind: "revert" } as const) : lease.onEnd;
    const next: Lease = { ...afresh(lease), onEnd, endsAt: now, revertedBy: { by, at: now } };
    return { lease: next, text, due: 0, by, held: NOTHING };
  });
}

/** Who has reverted it a moment ago, so that its undoing is about to begin: of two who press at once, the second learns whose it was. */
function endedBy({ revertedBy, endsAt, failure }: Lease, now: number): string | undefined {
  const isEnding = revertedBy !== undefined && endsAt === revertedBy.at && endsAt <= now && failure === undefined;
  return isEnding ? revertedBy.by : undefined;
}

/** Ends a lease that could not be undone, by its last undoing: what it has changed, or somebody since, stays. Undefined for other runs. */
export async function keepFailed(
  deps: DecideDeps,
  actor: Actor,
  { created, ended }: Run,
): Promise<Decided | undefined> {
  const id = created.lease ?? created.ends;
  const lease = id === undefined || !ended ? undefined : (await deps.store.get<Lease>("lease", id))?.body;
  if (lease?.status !== "failed" || lease.revertRun !== created.id) return undefined;
  return change(deps, lease.id, async (found, now) => {
    if (found.status !== "failed") return refuse("conflict", `lease ${found.id} is ${found.status}; nothing to change`);
    const by = nameOf(actor);
    const kept: Lease = { ...found, status: "kept", keptBy: { by, at: now } };
    const text = `lease ${found.id} ended, as ${by} chose not to have it undone any more: what is there stays`;
    return { lease: kept, text, by, held: { ...NOTHING, writes: leaseKeptWrites(kept) } };
  });
}

type Part = { checks: readonly Check[]; writes: readonly Write[]; wake: readonly string[] };
const NOTHING: Part = { checks: [], writes: [], wake: [] };
/** `due`: when it is looked at next; absent where it is over. */
type Edit = { lease: Lease; text: string; due?: number; by: string; held: Part };
type Refused = ReturnType<typeof refuse>;

/** What failed before counts no more once a person has decided. */
function afresh({ failure: _, heldSince: __, lookedAt: ___, ...lease }: Lease): Lease {
  return lease.status === "active" ? lease : { ...lease, status: "active", undoings: undoingsOf(lease), attempts: 0 };
}

/** Cancels the run that undoes a lease, if it has called nothing yet and calls nothing meanwhile. */
async function takeBack(
  { store }: DecideDeps,
  lease: Lease,
  { by, now }: { by: string; now: number },
): Promise<Part | Refused> {
  const id = lease.revertRun ?? "";
  const run = await readRun(store, id);
  if (!run || run.mutated || run.ended) return refuse("conflict", `lease ${lease.id} is being undone already`);
  const item: InboxItem = { kind: "cancel", at: now, by, reason: `lease ${lease.id} is extended` };
  return {
    checks: [{ check: "length", list: `run:${id}`, is: run.rev }],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [item] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
    wake: [`run:${id}`],
  };
}

/** One that was superseded, undone or kept is over; one that failed is alive again by the decision. */
const ALIVE: ReadonlySet<Lease["status"]> = new Set(["active", "reverting", "failed"]);

async function change(
  deps: DecideDeps,
  id: string,
  edit: (lease: Lease, now: number) => Promise<Edit | Refused>,
): Promise<Decided> {
  return settleChange(deps, async () => {
    const found = await readDoc<Lease>(deps.store, "lease", id);
    if ("ok" in found) return found;
    const { body: lease } = found;
    if (!ALIVE.has(lease.status)) return refuse("conflict", `lease ${id} is ${lease.status}; nothing to change`);
    const now = await deps.store.now();
    const next = await edit(lease, now);
    if ("ok" in next) return next;
    const { held } = next;
    return {
      change: {
        checks: [found.check, ...held.checks],
        writes: [...editWrites(next, now), ...held.writes],
        wake: [
          ...(next.due === 0 ? [`lease:${id}`] : []),
          ...held.wake,
          ...(lease.incidentId === undefined ? [] : [`chat:${lease.incidentId}`, `follow:${lease.incidentId}`]),
        ],
      },
      decided: { ok: true, sentence: next.text },
    };
  });
}

/** The incident is looked after at once, as a lease that could not be undone needs nobody any more. */
function editWrites({ lease, text, due, by }: Edit, now: number): readonly Write[] {
  const { id, incidentId, createdAt } = lease;
  return [
    { write: "put", kind: "lease", id, body: lease },
    ...(due === undefined
      ? []
      : [
          { write: "index" as const, index: "leases:active", member: id, score: createdAt },
          { write: "due" as const, member: `lease:${id}`, at: due },
        ]),
    ...(incidentId === undefined ? [] : [{ write: "due" as const, member: `follow:${incidentId}`, at: 0 }]),
    ...say(incidentId, { at: now, kind: "lease", text, by }),
  ];
}
