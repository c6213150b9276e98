import { AppError } from "../core/errors.ts";
import type { Lease } from "../core/lease.ts";
import type { Playbook } from "../core/playbook/playbook.ts";
import type { Run } from "../core/run/run.ts";
import { scopeOf } from "../core/run/scope.ts";
import { findStep } from "../core/run/steps.ts";
import { itemAt } from "../core/run/walk.ts";
import type { Doc } from "../core/store.ts";
import type { Instant, Milliseconds } from "../core/time.ts";
import { endLease, type LeaseDeps, loadRun } from "./lease-end.ts";
import { followRevert } from "./lease-follow.ts";
import { endUndone } from "./lease-undone.ts";

/** How often `release-when` is measured. */
const LOOK_EVERY: Milliseconds = 60_000;
/** After so long without a look nobody knows whether it has held all the time. */
const UNWATCHED_AFTER: Milliseconds = 2.5 * LOOK_EVERY;

/**
 * What a lease's wake-up does: it measures `release-when`, starts the run that undoes it when its time has come, and records
 * what became of that run. Safe to repeat.
 */
export async function tendLease(deps: LeaseDeps, id: string): Promise<void> {
  const doc = await deps.store.get<Lease>("lease", id);
  const now = await deps.store.now();
  if (doc?.body.status === "reverting") return followRevert(deps, doc, now);
  if (doc?.body.status !== "active") return undue(deps, id);
  if (await endUndone(deps, doc, { origin: await loadRun(deps, doc.body.runId), now })) return;
  if (now >= doc.body.endsAt) return endLease(deps, doc, now);
  return watchRelease(deps, doc, now);
}

async function undue(deps: LeaseDeps, id: string): Promise<void> {
  await deps.store.commit({ checks: [], writes: [{ write: "undue", member: `lease:${id}` }] });
}

/** Ends a lease early once every `release-when` has held for `bake`; anything unknown breaks the holding. */
async function watchRelease(deps: LeaseDeps, doc: Doc<Lease>, now: Instant): Promise<void> {
  const { body: lease, rev } = doc;
  const origin = await originOf(deps, lease);
  const terms = origin && findStep(origin.playbook.steps, lease.step)?.lease;
  const watched = terms !== undefined && terms.releaseWhen.length > 0;
  const held = watched && (await releases(deps, lease, { origin, now }));
  const { heldSince: before, lookedAt, ...rest } = lease;
  const isUnwatched = now - (lookedAt ?? now) > UNWATCHED_AFTER;
  const heldSince = held ? ((isUnwatched ? undefined : before) ?? now) : undefined;
  const bake = terms?.bake ?? deps.config.incidents.bake;
  if (heldSince !== undefined && now - heldSince >= bake) return endLease(deps, doc, now);
  const at = watched ? Math.min(lease.endsAt, now + LOOK_EVERY) : lease.endsAt;
  const changed = held || heldSince !== before;
  const body: Lease = heldSince === undefined ? rest : { ...rest, heldSince, lookedAt: now };
  await deps.store.commit({
    checks: changed ? [{ check: "rev", kind: "lease", id: lease.id, rev }] : [],
    writes: [
      ...(changed ? [{ write: "put" as const, kind: "lease" as const, id: lease.id, body }] : []),
      { write: "due", member: `lease:${lease.id}`, at },
    ],
  });
}

type Origin = { run: Run; playbook: Playbook };

/**
 * What its run and its playbook say of a lease; undefined when the journal is gone, or when the text cannot be read any more (a fact that it
 * names has left `stanch.yaml`): then the lease ends by its time alone.
 */
async function originOf(deps: LeaseDeps, lease: Lease): Promise<Origin | undefined> {
  const run = await loadRun(deps, lease.runId);
  try {
    return run && { run, playbook: await deps.playbookOf(run) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "unavailable") throw error;
    deps.log.error(
      { err: error, lease: lease.id },
      "the playbook of a lease cannot be read; it ends by its time alone",
    );
    return undefined;
  }
}

async function releases(
  deps: LeaseDeps,
  lease: Lease,
  { origin, now }: { origin: Origin | undefined; now: Instant },
): Promise<boolean> {
  const terms = origin && findStep(origin.playbook.steps, lease.step)?.lease;
  if (!origin || !terms) return false;
  const { run, playbook } = origin;
  const names = terms.releaseWhen.flatMap((condition) => condition.reads);
  const facts = await deps.measure(names, scopeOf(run, now));
  const item = itemAt(run, playbook.steps, lease.step);
  const scope = scopeOf({ ...run, facts: { ...run.facts, ...facts } }, now, { path: lease.step, item });
  return terms.releaseWhen.every((condition) => {
    const answer = condition.test(scope);
    return answer.known && answer.value;
  });
}
