import type { Undo } from "../core/action.ts";
import { canonicalJson } from "../core/json.ts";
import { type Lease, leftToUndo } from "../core/lease.ts";
import { undoPath } from "../core/run/changed.ts";
import type { Run } from "../core/run/run.ts";
import type { Doc } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import type { RunDeps } from "./run/deps.ts";

/**
 * Ends a lease whose own run has undone the step already; its undo would only fail, or meet what a person has set since. Where an older
 * lease had ended under it meanwhile, that one's value is still to be restored, from what the run has left: at once. Returns whether
 * there was anything to write.
 */
export async function endUndone(
  deps: Pick<RunDeps, "store" | "actions">,
  { body: lease, rev }: Doc<Lease>,
  { origin, now }: { origin: Run | undefined; now: Instant },
): Promise<boolean> {
  const undone = origin && undoneBy(origin, lease);
  if (!undone) return false;
  const left = leftToUndo(lease.undo, undone);
  if (left && canonicalJson(left) === canonicalJson(lease.undo)) return false;
  const member = `lease:${lease.id}`;
  const describe = left && (deps.actions.get(left.uses)?.describe(left.with) ?? left.uses);
  const body: Lease = left
    ? { ...lease, undo: left, describe: describe ?? "", status: "active", endsAt: now }
    : { ...lease, status: "reverted" };
  const text = left
    ? `lease ${lease.id} ends now: ${body.describe}`
    : `lease ${lease.id} ended: its run has undone ${lease.step} itself`;
  await deps.store.commit({
    checks: [{ check: "rev", kind: "lease", id: lease.id, rev }],
    writes: [
      { write: "put", kind: "lease", id: lease.id, body },
      ...(left
        ? [{ write: "due" as const, member, at: now }]
        : [
            { write: "unindex" as const, index: "leases:active" as const, member: lease.id },
            { write: "undue" as const, member },
          ]),
      ...say(lease.incidentId, { at: now, kind: "lease", text, by: "stanch" }),
    ],
  });
  return true;
}

/** What the run has done to undo the step, as its intent says. */
function undoneBy({ steps }: Run, { step }: Lease): Undo | undefined {
  const undo = steps.get(undoPath(step));
  return undo?.outcome === "succeeded" ? { uses: undo.uses, with: undo.input } : undefined;
}
