import { idOf } from "../core/hash.ts";
import type { Lease } from "../core/lease.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { RunCreated, RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import { constantStep } from "../core/run/undo-move.ts";
import type { Doc, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { runPlan } from "./run/create-run.ts";
import type { RunDeps } from "./run/deps.ts";
import { undoneMarker } from "./run/guard-reads.ts";

/** A revert that failed is tried again after this, doubled each time. */
const RETRY_FIRST = 60_000;
/** After this many failures people are paged and it is left to them. */
const RETRY_AT_MOST = 5;

/**
 * What a lease's wake-up does: at its end it starts the run that undoes it; when that run has ended it records the result, or
 * makes another attempt due. Safe to repeat.
 */
export async function tendLease(deps: RunDeps, id: string): Promise<void> {
  const doc = await deps.store.get<Lease>("lease", id);
  if (!doc) return undue(deps, id);
  const now = await deps.store.now();
  const { body: lease } = doc;
  if (lease.status === "active" && now < lease.endsAt) return again(deps, id, lease.endsAt);
  if (lease.status === "active") return startRevert(deps, doc, now);
  if (lease.status === "reverting") return followRevert(deps, doc, now);
  return undue(deps, id);
}

async function undue(deps: RunDeps, id: string): Promise<void> {
  await deps.store.commit({ checks: [], writes: [{ write: "undue", member: `lease:${id}` }] });
}

async function again(deps: RunDeps, id: string, at: Instant): Promise<void> {
  await deps.store.commit({ checks: [], writes: [{ write: "due", member: `lease:${id}`, at }] });
}

/** Undoing is a run of its own, so that a crash in the middle of it is settled like any other. */
async function startRevert(deps: RunDeps, doc: Doc<Lease>, now: Instant): Promise<void> {
  const { body: lease, rev } = doc;
  const origin = await loadRun(deps, lease.runId);
  const plan = runPlan(revertCreated(lease, origin, now), { name: "", text: "", file: "", digest: "" });
  const body: Lease = { ...lease, status: "reverting", revertRun: plan.id };
  const committed = await deps.store.commit({
    checks: [{ check: "rev", kind: "lease", id: lease.id, rev }, ...plan.checks],
    writes: [
      ...plan.writes,
      { write: "put", kind: "lease", id: lease.id, body },
      { write: "undue", member: `lease:${lease.id}` },
    ],
  });
  if (committed.ok) await deps.queue.wake(plan.wake, now);
}

async function loadRun(deps: RunDeps, id: string): Promise<Run | undefined> {
  const { events } = await deps.store.loadRun(id);
  return events.length === 0 ? undefined : foldRun(events as readonly RunEvent[]);
}

function revertCreated(lease: Lease, origin: Run | undefined, now: Instant): RunCreated {
  return {
    type: "created",
    at: now,
    id: idOf("rev", lease.id, String(lease.attempts)),
    playbook: lease.playbook,
    playbookDigest: "",
    ...(lease.incidentId === undefined ? {} : { incidentId: lease.incidentId }),
    opening: origin?.created.opening ?? 1,
    rung: 0,
    trigger: "revert",
    by: "stanch",
    severity: origin?.created.severity ?? "P2",
    autonomy: "auto",
    target: lease.target,
    alsoTargets: origin?.created.alsoTargets ?? [],
    vars: {},
    facts: {},
    alert: origin?.created.alert ?? { labels: {}, annotations: {}, status: "resolved", startsAt: now, fingerprint: "" },
    alerts: [],
    labels: origin?.created.labels ?? {},
    incidentKey: origin?.created.incidentKey ?? "",
    doubtful: false,
    truncated: false,
    lease: lease.id,
  };
}

/** The playbook of a run that undoes a lease: its one step is the lease's undo. */
export function revertPlaybook(lease: Lease): Playbook {
  return {
    name: lease.playbook,
    description: lease.describe,
    match: [],
    severity: [],
    priority: 0,
    vars: {},
    target: { text: lease.target, reads: [], render: () => ({ known: true, value: lease.target }) },
    alsoTargets: [],
    autonomy: {},
    limits: { budget: [] },
    steps: [constantStep("undo", lease.undo.uses, lease.undo.with)],
    onFailure: [],
    on: "manual",
    file: "",
    text: "",
    digest: "",
  };
}

async function followRevert(deps: RunDeps, doc: Doc<Lease>, now: Instant): Promise<void> {
  const { body: lease, rev } = doc;
  const run = lease.revertRun === undefined ? undefined : await loadRun(deps, lease.revertRun);
  if (!run?.ended) return undue(deps, lease.id);
  const next = afterRevert(lease, run.ended.state === "succeeded", now);
  await deps.store.commit({
    checks: [{ check: "rev", kind: "lease", id: lease.id, rev }],
    writes: [
      { write: "put", kind: "lease", id: lease.id, body: next.lease },
      { write: "mark", marker: undoneMarker(lease.playbook, lease.target), for: deps.config.incidents.reopenWithin },
      ...next.writes,
      ...endLines(next.lease, run.ended.reason, now),
    ],
  });
}

function afterRevert(lease: Lease, succeeded: boolean, now: Instant): { lease: Lease; writes: readonly Write[] } {
  const member = `lease:${lease.id}`;
  const over: Write[] = [
    { write: "undue", member },
    { write: "unindex", index: "leases:active", member: lease.id },
  ];
  if (succeeded) return { lease: { ...lease, status: "reverted" }, writes: over };
  const attempts = lease.attempts + 1;
  if (attempts >= RETRY_AT_MOST) return { lease: { ...lease, status: "failed", attempts }, writes: over };
  const endsAt = now + RETRY_FIRST * 2 ** (attempts - 1);
  return { lease: { ...lease, status: "active", attempts, endsAt }, writes: [{ write: "due", member, at: endsAt }] };
}

function endLines(lease: Lease, reason: string, at: Instant): readonly Write[] {
  if (lease.incidentId === undefined) return [];
  const text = {
    reverted: `lease ${lease.id} ended: ${lease.describe}`,
    active: `undoing lease ${lease.id} failed (${reason}); tried again at ${new Date(lease.endsAt).toISOString()}`,
    failed: `undoing lease ${lease.id} failed ${lease.attempts} times (${reason}); a person has to do it: ${lease.describe}`,
    reverting: "",
    superseded: "",
  }[lease.status];
  const kind = lease.status === "failed" ? "escalation" : "lease";
  return [
    { write: "append", list: `timeline:${lease.incidentId}`, items: [{ at, kind, text, by: "stanch" }] },
    { write: "due", member: `chat:${lease.incidentId}`, at: 0 },
  ];
}
