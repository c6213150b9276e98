import assert from "node:assert/strict";
import type { Lease } from "../../src/core/lease.ts";
import type { Playbook } from "../../src/core/playbook/playbook.ts";
import { hasChanged, undoPath } from "../../src/core/run/changed.ts";
import { findStep } from "../../src/core/run/steps.ts";
import { REVERT_FAILED } from "../../src/core/run/undo-move.ts";
import type { World } from "./engine.ts";

/** Holds an ended run to what was promised of its changes: each leased one has its lease, and a failed run has undone what it says. */
export async function assertPromises(world: World, id: string, playbook: Playbook): Promise<void> {
  const run = await world.run(id);
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
    if (undone && lease) assert.equal(lease.status, "reverted", `the lease of ${path} has ended with its undoing`);
    if (reverts) assert.ok(undone, `${path} was undone: ${reason}`);
    if (undone) assert.ok(reason.includes(path), `${reason} names ${path}`);
  }
}
