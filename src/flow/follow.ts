import type { Incident } from "../core/incident.ts";
import type { Lease } from "../core/lease.ts";
import type { Doc } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { type EscalateDeps, escalateIncident } from "./escalate.ts";
import type { Followed } from "./followed.ts";
import type { ReportDeps } from "./report/state.ts";
import { tendReport } from "./report/tend.ts";
import { type RetentionDeps, retireIncident } from "./retention.ts";

export type FollowDeps = EscalateDeps & ReportDeps & RetentionDeps;

/** How often one turn looks again because something changed meanwhile. */
const ROUNDS = 8;
const LOOK_AGAIN: Milliseconds = 5_000;

/**
 * Looks after what an incident owes people (the wake-up `follow:ID`): calls them, writes its report and log lines, reminds of the
 * post-mortem, and removes it when its time has come. It plans its own next wake-up; repeating it changes nothing.
 */
export async function followIncident(deps: FollowDeps, id: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) if (await isSettled(deps, id)) return;
  const at = (await deps.store.now()) + LOOK_AGAIN;
  await deps.store.commit({ checks: [], writes: [{ write: "due", member: `follow:${id}`, at }] });
}

/** A lease that could not be undone, or waits for it, calls people at once; one that is settled needs nobody any more. */
export async function followLease(deps: FollowDeps, id: string): Promise<void> {
  const lease = (await deps.store.get<Lease>("lease", id))?.body;
  if (lease && lease.status !== "active" && lease.incidentId !== undefined)
    await followIncident(deps, lease.incidentId);
}

/** False when something was done or has changed meanwhile, so that the next wake-up is not planned from an old sight. */
async function isSettled(deps: FollowDeps, id: string): Promise<boolean> {
  const member = `follow:${id}`;
  const [doc, length] = await Promise.all([
    deps.store.get<Incident>("incident", id),
    deps.store.length(`timeline:${id}`),
  ]);
  if (!doc) {
    await deps.store.commit({ checks: [], writes: [{ write: "undue", member }] });
    return true;
  }
  const escalated = await escalateIncident(deps, doc);
  const tended = await tendReport(deps, doc);
  const parts = [escalated, tended, await retireIncident(deps, doc, owedUntil(deps, doc, tended))];
  if (parts.some((part) => part.changed)) return false;
  const committed = await deps.store.commit({
    checks: [
      { check: "rev", kind: "incident", id, rev: doc.rev },
      { check: "length", list: `timeline:${id}`, is: length },
    ],
    writes: [...parts.flatMap((part) => part.writes ?? []), planned(member, parts)],
  });
  return committed.ok;
}

/** A report that is not written, or reminders that are to come, keep an incident until its post-mortem is due, and no longer. */
function owedUntil({ config: { reports } }: FollowDeps, { body }: Doc<Incident>, { changed, next }: Followed): Instant {
  const isOwed = changed || next !== undefined;
  return reports && isOwed && body.resolvedAt !== undefined ? body.resolvedAt + reports.postMortemWithin : 0;
}

function planned(member: string, parts: readonly Followed[]) {
  const times: readonly Instant[] = parts.flatMap((part) => part.next ?? []);
  return times.length === 0
    ? ({ write: "undue", member } as const)
    : ({ write: "due", member, at: Math.min(...times) } as const);
}
