import type { Need } from "../core/escalation.ts";
import type { Lease } from "../core/lease.ts";
import type { Run } from "../core/run/run.ts";
import type { Instant, Milliseconds } from "../core/time.ts";

/** What is to be undone and has not even begun after this needs a person; where it is paused, at once. */
const OVERDUE_AFTER: Milliseconds = 10 * 60_000;

/** Whom an incident's leases need: one could not be undone, or is due and held back. */
export function leaseNeeds(leases: readonly Lease[], runs: readonly Run[], now: Instant): readonly Need[] {
  return leases.flatMap((lease) => [...failedNeed(lease), ...overdueNeed(lease, runs, now)]);
}

/** Each time that a person has tried again and it failed anew is a need of its own. */
function failedNeed({ id, status, describe, undoings, revertRun, failure = "" }: Lease): readonly Need[] {
  if (status !== "failed") return [];
  const nth = undoings === undefined ? "" : ` ${undoings}`;
  const ways =
    revertRun === undefined ? "" : ` (revert or extend it, or cancel ${revertRun} to leave things as they are)`;
  const why = failure === "" ? "" : ` (${failure})`;
  const text = `lease ${id} could not be undone${why}: ${describe}${ways}`;
  return [{ kind: "failed_revert", key: `lease ${id}${nth}`, text }];
}

function overdueNeed(lease: Lease, runs: readonly Run[], now: Instant): readonly Need[] {
  if (lease.status !== "reverting") return [];
  const run = runs.find(({ created }) => created.id === lease.revertRun);
  if (!run || run.ended || run.mutated || run.asked) return [];
  const { waiting, created } = run;
  if (waiting?.reason !== "pause" && now < created.at + OVERDUE_AFTER) return [];
  const why = waiting?.detail ?? "it has not begun";
  const text = `lease ${lease.id} is due and not undone yet (${why}): ${lease.describe}`;
  return [{ kind: "overdue_revert", key: `overdue ${created.id}`, text }];
}
