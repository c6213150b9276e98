import { idOf } from "../core/hash.ts";
import type { Incident } from "../core/incident.ts";
import { type Lease, undoingsOf } from "../core/lease.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { RunCreated, RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import { constantStep } from "../core/run/undo-move.ts";
import type { Doc } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { manualRequest, type StartDeps } from "./decide/start.ts";
import { endUnderKept, keptOver } from "./lease-kept.ts";
import { endUnder, nextYounger } from "./lease-stack.ts";
import { planRun, type RunPlan, runPlan } from "./run/create-run.ts";
import type { RunDeps } from "./run/deps.ts";

/** The run that ends a lease wakes it; it is also looked at, so that people are called when it waits for long. */
export const LOOK_AGAIN: Milliseconds = 60_000;

export type LeaseDeps = RunDeps & StartDeps;

/**
 * Ends a lease whose time has come. Under a change that a person chose to keep it undoes nothing. Under a younger lease on the
 * same field it writes nothing: its former value becomes what the younger one restores (section 14.9). Else a run of its own
 * undoes it, so that a crash is settled like any other.
 */
export async function endLease(deps: LeaseDeps, doc: Doc<Lease>, now: Instant): Promise<void> {
  const kept = await keptOver(deps, doc.body);
  if (kept) return endUnderKept(deps, doc, { kept, now });
  const younger = await nextYounger(deps.store, doc.body);
  if (younger) return endUnder(deps, { older: doc, younger, now });
  const plan = await endPlan(deps, doc.body, now);
  const { body: lease, rev } = doc;
  const body: Lease = { ...lease, status: "reverting", revertRun: plan.id, undoings: undoingsOf(lease) + 1 };
  const committed = await deps.store.commit({
    checks: [{ check: "rev", kind: "lease", id: lease.id, rev }, ...plan.checks],
    writes: [
      ...plan.writes,
      { write: "put", kind: "lease", id: lease.id, body },
      { write: "due", member: `lease:${lease.id}`, at: now + LOOK_AGAIN },
    ],
  });
  if (committed.ok) await deps.queue.wake(plan.wake, now);
}

/** The run that ends a lease: its undo, or the playbook that `then` names. */
async function endPlan(deps: LeaseDeps, lease: Lease, now: Instant): Promise<RunPlan> {
  const own =
    lease.onEnd.kind === "playbook" ? await followUp(deps, lease, { name: lease.onEnd.name, now }) : undefined;
  if (own) return own;
  const origin = await loadRun(deps, lease.runId);
  return runPlan(revertCreated(lease, origin, now), { name: "", text: "", file: "", digest: "" });
}

/** Undefined when the playbook cannot be started; the lease is undone directly then. */
async function followUp(
  deps: LeaseDeps,
  lease: Lease,
  { name, now }: { name: string; now: Instant },
): Promise<RunPlan | undefined> {
  const playbook = deps.playbook(name);
  const doc = lease.incidentId === undefined ? undefined : await deps.store.get<Incident>("incident", lease.incidentId);
  if (!playbook || !doc) return undefined;
  const request = {
    ...manualRequest(doc.body, { playbook, vars: {}, by: "stanch", now }),
    trigger: "recovered" as const,
  };
  const plan = planRun(
    { ...request, ends: { lease: lease.id, nth: undoingsOf(lease) } },
    await deps.autonomyLimits(),
    deps.connections,
  );
  return plan.ok ? plan : undefined;
}

/** The run that a journal tells; undefined when there is none (any more). */
export async function loadRun(deps: Pick<RunDeps, "store">, id: string): Promise<Run | undefined> {
  const { events } = await deps.store.loadRun(id);
  return events.length === 0 ? undefined : foldRun(events as readonly RunEvent[]);
}

function revertCreated(lease: Lease, origin: Run | undefined, now: Instant): RunCreated {
  return {
    type: "created",
    at: now,
    id: idOf("rev", lease.id, String(undoingsOf(lease))),
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
