import type { Config } from "../core/config.ts";
import type { Incident } from "../core/incident.ts";
import type { Lease } from "../core/lease.ts";
import type { RunEvent } from "../core/run/events.ts";
import { foldRun, type Run } from "../core/run/run.ts";
import type { Doc, Store, Write } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { docs } from "./desk/incident-view.ts";
import { type Followed, lookAgain } from "./followed.ts";
import { alertRemoval, approvalRemoval, incidentRemoval, leaseRemoval, runRemoval } from "./removal.ts";

export type RetentionDeps = { store: Store; config: Pick<Config, "retention"> };

const DAY: Milliseconds = 24 * 3_600_000;
/** A playbook's text outlives the last incident that refers to it by this much. */
const TEXT_MARGIN: Milliseconds = 2 * DAY;
/** Members removed by one commit. */
const CHUNK = 200;

/**
 * Removes a resolved incident with everything that belongs to it once `retention` has passed since that or the end of its last run, such as
 * one that undid a lease, but not before `notBefore`; one that still has a run or a lease under way waits. The incident itself goes last,
 * so that a crash in between is made good by the next look.
 */
export async function retireIncident(
  deps: RetentionDeps,
  { body: incident, rev }: Doc<Incident>,
  notBefore: Instant,
): Promise<Followed> {
  const { resolvedAt, status, id } = incident;
  if (status !== "resolved" || resolvedAt === undefined) return lookAgain();
  const now = await deps.store.now();
  const owned = await readOwned(deps.store, incident);
  const over = Math.max(resolvedAt, ...owned.runs.map((run) => run.ended?.at ?? 0));
  const end = Math.max(over + deps.config.retention, notBefore);
  if (now < end) return { ...lookAgain(end), writes: keepTexts(owned.runs, end) };
  const isBusy =
    owned.runs.some((run) => !run.ended) ||
    owned.leases.some((lease) => lease.status === "active" || lease.status === "reverting");
  if (isBusy) return lookAgain(now + DAY);
  await removeAlerts(deps.store, id);
  await deps.store.commit({
    checks: [{ check: "rev", kind: "incident", id, rev }],
    writes: [
      ...owned.runs.flatMap((run) => runRemoval(run.created.id, now)),
      ...owned.leases.flatMap((lease) => leaseRemoval(lease.id)),
      ...owned.approvals.flatMap(approvalRemoval),
      ...(now > end + TEXT_MARGIN ? keepTexts(owned.runs, now + deps.config.retention) : []),
      ...incidentRemoval(incident, await deps.store.field("incidents:open", incident.key), now),
    ],
  });
  return { changed: true };
}

type Owned = { runs: readonly Run[]; leases: readonly Lease[]; approvals: readonly string[] };

async function readOwned(store: Store, { id, runs }: Incident): Promise<Owned> {
  const [leaseIds, approvals] = await Promise.all([
    store.members(`incident:${id}:leases`),
    store.members(`incident:${id}:approvals`),
  ]);
  const leases = await docs<Lease>(store, "lease", leaseIds);
  const undoing = leases.flatMap((lease) => lease.revertRun ?? []);
  const loaded = await Promise.all([...new Set([...runs, ...undoing])].map((run) => store.loadRun(run)));
  return {
    leases,
    approvals,
    runs: loaded.filter((one) => one.events.length > 0).map((one) => foldRun(one.events as readonly RunEvent[])),
  };
}

/**
 * A playbook's text outlives every run that refers to it: each resolution sets its end anew, later than all before, and each new
 * run takes the end away. Where nobody worked for so long that no end was set, the removal sets one that shortens no other.
 */
function keepTexts(runs: readonly Run[], end: Instant): readonly Write[] {
  const digests = new Set(runs.map((run) => run.created.playbookDigest).filter((digest) => digest !== ""));
  return [...digests].map((digest) => ({
    write: "expire",
    what: "doc",
    name: `playbook:${digest}`,
    at: end + TEXT_MARGIN,
  }));
}

/** Alerts by the thousand are removed in portions; those that a person closed while they fire stay until they end. */
async function removeAlerts(store: Store, incident: string): Promise<void> {
  const [all, firing] = await Promise.all([
    store.members(`incident:${incident}:episodes`),
    store.members(`incident:${incident}:firing`),
  ]);
  const open = new Set(firing);
  const ids = all.filter((id) => !open.has(id));
  for (let at = 0; at < ids.length; at += CHUNK) {
    await store.commit({ checks: [], writes: ids.slice(at, at + CHUNK).flatMap(alertRemoval) });
  }
}
