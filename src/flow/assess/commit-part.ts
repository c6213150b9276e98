import type { RunCreated } from "../../core/run/events.ts";
import type { Committed, Write } from "../../core/store.ts";
import { type AssessDeps, CURRENT, type Part, type Wake } from "./deps.ts";

/**
 * Commits a part, begins the new runs that this process has place for, and wakes what else it made due. Resolves to whether it took
 * place; what it decided on had changed otherwise. @throws AppError `unavailable`.
 */
export async function commitPart(deps: AssessDeps, { checks, writes, wakes }: Part): Promise<boolean> {
  if (writes.length === 0) return true;
  const started = deps.monotonic();
  const placed = placeRuns(deps, wakes);
  const claims = placed.map(({ created }): Write => ({ write: "claim", run: created.id, for: deps.claimFor }));
  let committed: Committed | undefined;
  try {
    committed = await deps.store.commit({ checks, writes: claims.length === 0 ? writes : [...writes, ...claims] });
  } finally {
    if (!committed?.ok) for (const { place } of placed) place.leave();
  }
  if (!committed.ok) return false;
  remember(deps, writes);
  const { now } = committed;
  deps.storeTime.ahead = now - deps.monotonic();
  for (const { place, created } of placed) {
    place.begin({ claim: { run: created.id, epoch: 1, until: now + deps.claimFor, now }, created, started });
  }
  deps.rouse(placed.length === 0 ? wakes : wakes.filter((wake) => placed.every((one) => one.wake !== wake)));
  return true;
}

type Placed = { wake: Wake; created: RunCreated; place: NonNullable<ReturnType<AssessDeps["placeForRun"]>> };

function placeRuns(deps: AssessDeps, wakes: readonly Wake[]): readonly Placed[] {
  const placed: Placed[] = [];
  for (const wake of wakes) {
    const { created } = wake;
    const place = created && deps.placeForRun();
    if (created && place) placed.push({ wake, created, place });
  }
  return placed;
}

function remember(deps: AssessDeps, writes: readonly Write[]): void {
  for (const write of writes) {
    if (write.write === "field" && write.hash === CURRENT && write.value !== null)
      deps.current.set(write.field, write.value);
  }
}
