import type { Lease } from "../core/lease.ts";
import type { Run } from "../core/run/run.ts";
import type { Doc, Write } from "../core/store.ts";
import { type Instant, plainTime } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import { type LeaseDeps, LOOK_AGAIN, loadRun } from "./lease-end.ts";
import { exposedIncidents, NOTHING_EXPOSED } from "./lease-exposed.ts";
import { endUnderKept, keptOver, leaseKeptWrites } from "./lease-kept.ts";
import { endUnder, nextYounger } from "./lease-stack.ts";
import { endUndone } from "./lease-undone.ts";
import { undoneMarker } from "./run/guard-reads.ts";
import { isOvertaken } from "./run/undo-look.ts";

/** A revert that failed is tried again after this, doubled each time. */
const RETRY_FIRST = 60_000;
/** After this many failures it is left to people, who are called. */
const RETRY_AT_MOST = 5;

/** Records what became of the run that undoes a lease; while it is under way there is nothing to do. */
export async function followRevert(deps: LeaseDeps, doc: Doc<Lease>, now: Instant): Promise<void> {
  const { body: lease, rev } = doc;
  const run = lease.revertRun === undefined ? undefined : await loadRun(deps, lease.revertRun);
  if (!run?.ended) {
    await deps.store.commit({
      checks: [],
      writes: [{ write: "due", member: `lease:${lease.id}`, at: now + LOOK_AGAIN }],
    });
    return;
  }
  const next = nextLease(lease, run, now);
  if (next.status === "active" || next.status === "failed") {
    const kept = await keptOver(deps, lease);
    if (kept) return endUnderKept(deps, doc, { kept, now });
    const younger = await nextYounger(deps.store, lease);
    if (younger) return endUnder(deps, { older: doc, younger, now });
    if (await endUndone(deps, doc, { origin: await loadRun(deps, lease.runId), now })) return;
  }
  const exposed = next.status === "reverted" ? await exposedIncidents(deps, lease, now) : NOTHING_EXPOSED;
  // Its run has set it too, with its end: here the time begins anew, as only now may the incident be open again.
  const marker = undoneMarker(lease.playbook, lease.target);
  const committed = await deps.store.commit({
    checks: [{ check: "rev", kind: "lease", id: lease.id, rev }, ...exposed.checks],
    writes: [
      { write: "put", kind: "lease", id: lease.id, body: next },
      ...dueWrites(next),
      ...(next.status === "kept" ? leaseKeptWrites(next) : []),
      ...(next.status === "reverted"
        ? [{ write: "mark" as const, marker, for: deps.config.incidents.reopenWithin }]
        : []),
      ...say(next.incidentId, {
        at: now,
        kind: next.status === "failed" ? "escalation" : "lease",
        text: textOf(next, run),
        by: next.keptBy?.by ?? "stanch",
      }),
      ...exposed.writes,
    ],
  });
  if (!committed.ok) return again(deps, lease, committed.now);
  for (const id of exposed.exposed) await deps.queue.wake(`incident:${id}`, now);
  if (next.incidentId !== undefined) await deps.queue.wake(`chat:${next.incidentId}`, now);
}

/** Something of it has changed meanwhile: it is looked at again at once, and not with the next round. */
async function again({ store, queue }: LeaseDeps, { id }: Lease, now: Instant): Promise<void> {
  await store.commit({ checks: [], writes: [{ write: "due", member: `lease:${id}`, at: 0 }] });
  await queue.wake(`lease:${id}`, now);
}

/**
 * Who cancels the undoing of a lease keeps what it would have undone. Someone else's change is never overwritten: then, where the
 * playbook that ends it was refused or may only observe, and after five failures, a person has to decide.
 */
function nextLease(lease: Lease, run: Run, now: Instant): Lease {
  if (run.ended?.state === "succeeded" || isUndone(run)) return { ...lease, status: "reverted" };
  if (run.cancelling) return { ...lease, status: "kept", keptBy: { by: run.cancelling.by, at: now } };
  if (isOvertaken(run.ended?.reason ?? ""))
    return { ...lease, status: "active", endsAt: now, failure: run.ended?.reason ?? "" };
  const attempts = lease.attempts + 1;
  const failure = undoStep(run)?.message ?? run.ended?.reason ?? "";
  const final = isFinal(run) || attempts >= RETRY_AT_MOST;
  if (final) return { ...lease, status: "failed", attempts, failure };
  const endsAt = Math.max(now + RETRY_FIRST * 2 ** (attempts - 1), run.ended?.retryAt ?? 0);
  return { ...lease, status: "active", attempts, failure, endsAt };
}

function isFinal(run: Run): boolean {
  const reason = undoStep(run)?.reason;
  return reason === "conflict" || reason === "refused" || run.refused !== undefined || run.ended?.state === "observed";
}

/** A call that was under way when it was cancelled is settled first. */
function isUndone(run: Run): boolean {
  return undoStep(run)?.outcome === "succeeded";
}

/** The one step of a run that undoes a lease; a playbook that ends it has steps of its own. */
function undoStep({ created, steps }: Run) {
  return created.lease === undefined ? undefined : steps.get("undo");
}

function dueWrites(lease: Lease): readonly Write[] {
  const member = `lease:${lease.id}`;
  if (lease.status === "active") return [{ write: "due", member, at: lease.endsAt }];
  return [
    { write: "undue", member },
    { write: "unindex", index: "leases:active", member: lease.id },
  ];
}

const BEGUN = "that had begun, so look whether it took effect";
const STAYS = "what it has changed stays";

function textOf(lease: Lease, run: Run): string {
  switch (lease.status) {
    case "reverted":
      return `lease ${lease.id} ended: ${run.created.ends === undefined ? lease.describe : run.created.playbook}`;
    case "kept":
      return `lease ${lease.id} ended, as ${lease.keptBy?.by ?? "somebody"} cancelled its undoing: ${run.mutated ? BEGUN : STAYS}`;
    case "active":
      return `undoing lease ${lease.id} failed (${lease.failure ?? ""}); tried again at ${plainTime(lease.endsAt)}`;
    default:
      return `undoing lease ${lease.id} failed (${lease.failure ?? ""}); a person has to decide: ${lease.describe}`;
  }
}
