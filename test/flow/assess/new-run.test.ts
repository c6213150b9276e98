import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../../src/core/store.ts";
import type { NewRun } from "../../../src/flow/run/advance.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, START } from "./world.ts";

const REDEPLOY = playbook({ name: "redeploy", match: [matcher("alertname", "=", "HighErrorRate")], priority: 50 });

/** A process with so many places for new runs. */
function places(free: number) {
  const begun: NewRun[] = [];
  const seen = { taken: 0, left: 0 };
  const placeForRun = () => {
    if (seen.taken - seen.left >= free) return undefined;
    seen.taken += 1;
    const leave = (): void => {
      seen.left += 1;
    };
    return { begin: (run: NewRun) => void begun.push(run), leave };
  };
  return { begun, seen, placeForRun };
}

test("the worker that creates a run claims it with the same commit and begins it; the queue is not asked", async () => {
  const { begun, placeForRun } = places(1);
  const world = createWorld({ playbooks: [REDEPLOY], ports: { placeForRun } });
  await world.send([alert()]);
  const [run] = await world.runs();
  assert.ok(run);
  assert.deepEqual(begun, [
    { claim: { run: run.id, epoch: 1, until: START + 60_000, now: START }, created: run, started: START },
  ]);
  assert.deepEqual(
    world.wakes.filter(({ member }) => member.startsWith("run:")),
    [],
  );
  assert.equal(await world.store.claim(run.id, 1_000), undefined, "nobody else gets it");
  world.clock.at += 60_000;
  assert.equal(await world.isDue(`run:${run.id}`), START + 60_000, "should this process die");
});

test("without a place the queue wakes the run, and anybody may claim it", async () => {
  const { begun, placeForRun } = places(0);
  const world = createWorld({ playbooks: [REDEPLOY], ports: { placeForRun } });
  await world.send([alert()]);
  const [run] = await world.runs();
  assert.deepEqual([begun.length, world.wakes[0]?.member], [0, `run:${run?.id}`]);
  assert.equal((await world.store.claim(run?.id ?? "", 1_000))?.epoch, 1);
});

test("a commit that another's came before gives its place back and begins nothing of its own", async () => {
  const { begun, seen, placeForRun } = places(1);
  const conflict = { left: 1 };
  const first = (store: Store): Store => ({
    ...store,
    async commit(tx) {
      if (conflict.left-- <= 0) return store.commit(tx);
      const { now } = await store.commit({ checks: [], writes: [] });
      const [failed] = tx.checks;
      assert.ok(failed);
      return { ok: false, now, failed };
    },
  });
  const world = createWorld({ playbooks: [REDEPLOY], ports: { placeForRun }, store: first });
  await world.send([alert()]);
  assert.deepEqual([begun.length, seen], [1, { taken: 2, left: 1 }]);
});

test("a commit whose answer never came gives its place back", async () => {
  const { begun, seen, placeForRun } = places(1);
  const away = (store: Store): Store => ({ ...store, commit: () => Promise.reject(new Error("away")) });
  const world = createWorld({ playbooks: [REDEPLOY], ports: { placeForRun }, store: away });
  await assert.rejects(world.send([alert()]), /away/);
  assert.deepEqual([begun.length, seen], [0, { taken: 1, left: 1 }]);
});
