import assert from "node:assert/strict";
import type { Lease } from "../../src/core/lease.ts";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import { hasChanged, undoPath } from "../../src/core/run/changed.ts";
import { openGroups } from "../../src/core/run/groups.ts";
import type { Run } from "../../src/core/run/run.ts";
import { findStep } from "../../src/core/run/steps.ts";
import { REVERT_FAILED } from "../../src/core/run/undo-move.ts";
import type { World } from "./engine.ts";

/** Holds an ended run to what was promised of its changes: each leased one has its lease, and a failed run has undone what it says. */
export async function assertPromises(world: World, id: string, playbook: Playbook): Promise<void> {
  const run = await world.run(id);
  assert.deepEqual(halfDone(run, playbook), [], "no half of a group stays");
  const { members } = await world.store.page("leases", { limit: 100 });
  const leases = (await world.store.getMany<Lease>("lease", members)).map((doc) => doc?.body);
  const { state, reason = "" } = run.ended ?? {};
  const reverts = state === "failed" && playbook.onFailure.includes("revert") && !reason.startsWith(REVERT_FAILED);
  for (const record of run.steps.values()) {
    if (!hasChanged(record) || !world.actions.get(record.uses)?.revert) continue;
    const { path } = record;
    const lease = leases.find((one) => one?.runId === id && one.step === path);
    const undone = run.steps.get(undoPath(path))?.outcome === "succeeded";
    if (findStep(playbook.steps, path)?.lease) assert.ok(lease, `${path} has its lease`);
    const isOver = lease?.status === "reverted" || lease?.status === "superseded";
    if (undone && lease) assert.ok(isOver, `the lease of ${path} has ended with its undoing: ${lease.status}`);
    if (reverts) assert.ok(undone, `${path} was undone: ${reason}`);
    if (undone) assert.ok(reason.includes(path), `${reason} names ${path}`);
  }
}

/** Steps of a group that has begun and is not complete which nobody has tried to undo, after a run that ended on its way. */
function halfDone(run: Run, one: Playbook): readonly string[] {
  const open = openGroups(run, one);
  const { state, reason = "" } = run.ended ?? {};
  const isThrough = state === "succeeded" || reason.startsWith("verification_failed");
  if (isThrough || reason.startsWith(REVERT_FAILED)) return [];
  const isHalf = (path: string): boolean =>
    open.some(({ group, prefix }) => path.startsWith(prefix) && findStep(one.steps, path)?.group === group);
  const begun = [...run.steps.values()].filter((record) => hasChanged(record) && record.uses === "t.set");
  return begun.flatMap(({ path }) => (isHalf(path) && !run.steps.has(undoPath(path)) ? [path] : []));
}
