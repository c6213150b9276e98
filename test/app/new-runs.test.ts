import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createNewRuns } from "../../src/app/new-runs.ts";
import type { NewRun } from "../../src/flow/run/advance.ts";

const run = { claim: { run: "r", epoch: 1, until: 60_000, now: 0 }, created: {}, started: 0 } as NewRun;

describe("places for new runs", () => {
  it("there are none before wake-ups are handled, and so many afterwards", () => {
    const runs = createNewRuns({ warn() {} });
    assert.equal(runs.place(), undefined);
    runs.use(async () => undefined, 2);
    const [first, second] = [runs.place(), runs.place()];
    assert.ok(first && second);
    assert.equal(runs.place(), undefined);
    first.leave();
    assert.ok(runs.place());
  });

  it("a run that fails gives its place back and is logged", async () => {
    const warned: object[] = [];
    const runs = createNewRuns({ warn: (fields: object) => void warned.push(fields) });
    runs.use(() => Promise.reject(new Error("away")), 1);
    runs.place()?.begin(run);
    while (warned.length === 0) await sleep(1);
    await sleep(1);
    assert.ok(runs.place());
    assert.match(String(Object.values(warned[0] ?? {})), /away/);
  });

  it("stopping waits for places that are taken, tells their runs to let go, and gives no more", async () => {
    const runs = createNewRuns({ warn() {} });
    const told: boolean[] = [];
    runs.use(async (_run, _signal, draining) => void told.push(draining.aborted), 1);
    const place = runs.place();
    const stopped = runs.stop(5_000);
    assert.equal(runs.place(), undefined);
    place?.begin(run);
    await stopped;
    assert.deepEqual(told, [true]);
  });
});
