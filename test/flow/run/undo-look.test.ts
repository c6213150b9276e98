import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/core/lease.ts";
import type { Write } from "../../../src/core/store.ts";
import { calmField, leaseForAnHour } from "../../support/field-world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LOCK = { locks: ["thing:one"], owner: "run-x" } as const;

/** A younger lease on the same field, as another run has left it. */
function younger(older: Lease, status: Lease["status"]): readonly Write[] {
  const { heldAt = 0, createdAt } = older;
  const own = { id: "lea-y", runId: "run-y", revertRun: "rev-y", createdAt: createdAt + 1, heldAt: heldAt + 1 };
  const indexed: Write =
    status === "reverting"
      ? { write: "index", index: "leases:active", member: own.id, score: own.createdAt }
      : { write: "unindex", index: "leases:active", member: own.id };
  return [{ write: "put", kind: "lease", id: own.id, body: { ...older, ...own, status } }, indexed];
}

test("an undoing that waited for the lock waits on while a younger one on the same field is undone", async () => {
  const { world, written } = calmField();
  const { lease } = await leaseForAnHour(world);
  await world.store.commit({ checks: [], writes: [{ write: "lock", ...LOCK }] });
  await world.pass(HOUR + MINUTE);
  const older = await lease();
  assert.equal(older.status, "reverting");
  const change: readonly Write[] = [...younger(older, "reverting"), { write: "unlock", ...LOCK }];
  await world.store.commit({ checks: [], writes: change });
  await world.pass(MINUTE);
  assert.deepEqual(written, ["on"]);
  assert.equal((await world.run(older.revertRun ?? "")).waiting?.reason, "lock");
  await world.store.commit({ checks: [], writes: younger(older, "reverted") });
  await world.pass(MINUTE);
  assert.deepEqual([written, (await lease()).status], [["on", "off"], "reverted"]);
});
