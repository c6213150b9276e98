import type { ActionTable } from "../core/action.ts";
import type { Incident } from "../core/incident.ts";
import type { Lease } from "../core/lease.ts";
import { hasChanged, undoingOf } from "../core/run/changed.ts";
import type { Run } from "../core/run/run.ts";
import type { Check, Doc, Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import { lastOn } from "./ladder.ts";
import { runsOf } from "./settle.ts";

type Part = { checks: readonly Check[]; writes: readonly Write[] };
const NOTHING: Part = { checks: [], writes: [] };

/**
 * Without its mitigation an incident that still fires is open again: its ladder asks, and escalation counts it as unmitigated. Where
 * another run came after the one whose change was undone, the incident stands by that one, and people only read of it; one that found the
 * change in force and so made none of its own stood by what was undone.
 */
export async function exposedIncident(
  deps: { store: Store; actions: ActionTable },
  lease: Lease,
  now: Instant,
): Promise<Part> {
  const { incidentId: id, target, runId } = lease;
  const doc = id === undefined ? undefined : await deps.store.get<Incident>("incident", id);
  if (doc === undefined || doc.body.status === "resolved") return NOTHING;
  const { body } = doc;
  if ((await deps.store.size(`incident:${body.id}:firing`)) === 0) return NOTHING;
  const last = lastOn(await runsOf(deps, body), target);
  if (last?.created.id !== runId && !foundAllInForce(last, deps.actions))
    return { checks: [], writes: told(body, now, "an earlier change made for this incident was undone") };
  const was =
    body.status === "mitigated"
      ? "open again: what mitigated it was undone"
      : "the change made for this incident was undone";
  return {
    checks: [{ check: "rev", kind: "incident", id: body.id, rev: doc.rev }],
    writes: [...openWrites(doc, target, now), ...told(body, now, was)],
  };
}

/** It succeeded by what was in force already: each change that it was to make found nothing to do. */
function foundAllInForce(run: Run | undefined, actions: ActionTable): boolean {
  if (run?.ended?.state !== "succeeded") return false;
  const changes = [...run.steps.values()].filter(hasChanged);
  return changes.length > 0 && changes.every((step) => undoingOf(step, actions).kind === "nothing");
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
