import type { Actor, Decided, Decision } from "../../core/decision.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Lease } from "../../core/lease.ts";
import { plainTime } from "../../core/time.ts";
import { type DecideDeps, nameOf, readDoc, refuse, say, settleChange } from "./deps.ts";

/** Moves a lease's end: from now if it had ended before, else from its present end. */
export async function extend(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "extend" }>,
): Promise<Decided> {
  if (decision.for <= 0) return refuse("invalid_request", "extend by a time above 0, such as 30m");
  return change(deps, decision.lease, async (lease, now) => {
    const endsAt = Math.max(lease.endsAt, now) + decision.for;
    const text = `${nameOf(actor)} extended lease ${lease.id} by ${formatDuration(decision.for)}, to ${plainTime(endsAt)}`;
    return {
      lease: { ...lease, endsAt, extendedBy: [...(lease.extendedBy ?? []), nameOf(actor)] },
      text,
      due: endsAt,
      by: nameOf(actor),
    };
  });
}

/** Ends a lease now: the engine undoes it at once. */
export async function revert(
  deps: DecideDeps,
  actor: Actor,
  decision: Extract<Decision, { verb: "revert" }>,
): Promise<Decided> {
  return change(deps, decision.lease, async (lease, now) => {
    const text = `${nameOf(actor)} reverts lease ${lease.id} now: ${lease.describe}`;
    const revertedBy = { by: nameOf(actor), at: now };
    return { lease: { ...lease, endsAt: now, revertedBy }, text, due: 0, by: nameOf(actor) };
  });
}

type Edit = { lease: Lease; text: string; due: number; by: string };

async function change(
  deps: DecideDeps,
  id: string,
  edit: (lease: Lease, now: number) => Promise<Edit>,
): Promise<Decided> {
  return settleChange(deps, async () => {
    const found = await readDoc<Lease>(deps.store, "lease", id);
    if ("ok" in found) return found;
    const { body: lease } = found;
    if (lease.status !== "active") return refuse("conflict", `lease ${id} is ${lease.status}; nothing to change`);
    const now = await deps.store.now();
    const next = await edit(lease, now);
    const member = `lease:${id}`;
    return {
      change: {
        checks: [found.check],
        writes: [
          { write: "put", kind: "lease", id, body: next.lease },
          { write: "due", member, at: next.due },
          ...say(lease.incidentId, { at: now, kind: "lease", text: next.text, by: next.by }),
        ],
        wake: [
          ...(next.due === 0 ? [member] : []),
          ...(lease.incidentId === undefined ? [] : [`chat:${lease.incidentId}`]),
        ],
      },
      decided: { ok: true, sentence: next.text },
    };
  });
}
