import type { ActionTable } from "../core/action.ts";
import type { Incident } from "../core/incident.ts";
import { isAbout, type Lease } from "../core/lease.ts";
import { hasChanged, undoingOf } from "../core/run/changed.ts";
import type { Run } from "../core/run/run.ts";
import type { Check, Doc, Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import { lastOn } from "./ladder.ts";
import { runsOf } from "./settle.ts";

/** `exposed`: the incidents that are open again, to be looked at now. */
type Part = { checks: readonly Check[]; writes: readonly Write[]; exposed: readonly string[] };
export const NOTHING_EXPOSED: Part = { checks: [], writes: [], exposed: [] };

/** What of the store is looked at in one go. */
const PORTION = 1_000;

type ExposeDeps = { store: Store; actions: ActionTable };

/**
 * Without its mitigation an incident that still fires is open again: its ladder asks, and escalation counts it as unmitigated. That goes
 * for the incident the lease was made for, and for every other one whose last run found the change in force and so made none of its own.
 */
export async function exposedIncidents(deps: ExposeDeps, lease: Lease, now: Instant): Promise<Part> {
  const parts = [await ownPart(deps, lease, now)];
  for (const doc of await othersOn(deps.store, lease)) {
    const last = lastOn(await runsOf(deps, doc.body), lease.target);
    if (foundInForce(last, lease, deps.actions) && (await fires(deps.store, doc))) parts.push(exposed(doc, lease, now));
  }
  return {
    checks: parts.flatMap((part) => part.checks),
    writes: parts.flatMap((part) => part.writes),
    exposed: parts.flatMap((part) => part.exposed),
  };
}

/** Where another run came after the one whose change was undone, the incident stands by that one, and people only read of it. */
async function ownPart(deps: ExposeDeps, lease: Lease, now: Instant): Promise<Part> {
  const { incidentId: id, target, runId } = lease;
  const doc = id === undefined ? undefined : await deps.store.get<Incident>("incident", id);
  if (doc === undefined || doc.body.status === "resolved" || !(await fires(deps.store, doc))) return NOTHING_EXPOSED;
  const last = lastOn(await runsOf(deps, doc.body), target);
  if (last?.created.id === runId || foundInForce(last, lease, deps.actions)) return exposed(doc, lease, now);
  return { ...NOTHING_EXPOSED, writes: told(doc.body, now, "an earlier change made for this incident was undone") };
}

async function fires(store: Store, { body }: Doc<Incident>): Promise<boolean> {
  return (await store.size(`incident:${body.id}:firing`)) > 0;
}

/** The other incidents that are not over and have a ladder on the lease's target. */
async function othersOn(store: Store, { incidentId, target }: Lease): Promise<readonly Doc<Incident>[]> {
  const found: Doc<Incident>[] = [];
  for (const index of ["incidents:open", "incidents:mitigated"]) {
    let at: { cursor?: string } | undefined = {};
    while (at) {
      const { members, next } = await store.page(index, { limit: PORTION, ...at });
      for (const doc of members.length === 0 ? [] : await store.getMany<Incident>("incident", members))
        if (doc && doc.body.id !== incidentId && Object.hasOwn(doc.body.ladders ?? {}, target)) found.push(doc);
      at = next === undefined ? undefined : { cursor: next };
    }
  }
  return found;
}

/** It succeeded by what the lease had changed: a change that it was to make found nothing to do. */
function foundInForce(run: Run | undefined, lease: Lease, actions: ActionTable): boolean {
  if (run?.ended?.state !== "succeeded") return false;
  return [...run.steps.values()].some(
    (step) => hasChanged(step) && isAbout(lease, step) && undoingOf(step, actions).kind === "nothing",
  );
}

function exposed(doc: Doc<Incident>, lease: Lease, now: Instant): Part {
  const { body, rev } = doc;
  return {
    checks: [{ check: "rev", kind: "incident", id: body.id, rev }],
    writes: [...openWrites(doc, lease.target, now), ...told(body, now, whatWasUndone(body, lease))],
    exposed: [body.id],
  };
}

/** Who reads the timeline of another incident finds no lease there: it is named, with the incident it was made for. */
function whatWasUndone({ id, status }: Incident, lease: Lease): string {
  const isMitigated = status === "mitigated";
  if (lease.incidentId === id)
    return isMitigated ? "open again: what mitigated it was undone" : "the change made for this incident was undone";
  const of = lease.incidentId === undefined ? "" : ` of ${lease.incidentId}`;
  return `${isMitigated ? "open again: " : ""}the change that its run found in force was undone with lease ${lease.id}${of}`;
}

function openWrites({ body }: Doc<Incident>, target: string, now: Instant): readonly Write[] {
  const { id, openedAt } = body;
  const next: Incident = { ...body, status: "open", exposed: { ...body.exposed, [target]: now } };
  return [
    { write: "put", kind: "incident", id, body: next },
    { write: "unindex", index: "incidents:mitigated", member: id },
    { write: "index", index: "incidents:open", member: id, score: openedAt },
    { write: "due", member: `incident:${id}`, at: 0 },
  ];
}

function told({ id }: Incident, at: Instant, what: string): readonly Write[] {
  return say(id, { at, kind: "incident", text: `${what}, and the alert still fires`, by: "stanch" });
}
