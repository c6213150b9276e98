import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Scenario } from "./support/scenario.ts";
import { onStage, type Stage } from "./support/stage.ts";
import { leftBy, play } from "./support/trial.ts";
import { ended, post } from "./support/workers.ts";

let redis: TestRedis;
before(async () => {
  redis = await startRedis({ databases: "200" });
});
after(() => redis.stop());

/** Two changes with a while between them. */
const PLAYBOOK = `name: respond
match: ['service != ""']
target: settings:gateway
autonomy: { P1: auto }
steps:
  - { id: first, uses: settings.set, with: { connection: gateway, name: SHED_RATE, value: 0.2 } }
  - { id: pause, wait: 3s }
  - { id: second, uses: settings.set, with: { connection: gateway, name: SHED_RATE, value: 0.3 } }
on-failure: [escalate]
`;
const BOTH = ["SHED_RATE 0.2", "SHED_RATE 0.3"];

/** Lets the run make its first change, then `meanwhile` happens, then everything settles. */
function halfway(meanwhile: (stage: Stage) => Promise<unknown>) {
  return onStage(redis, PLAYBOOK, async (stage) => {
    assert.equal(await post(await stage.start()), 202);
    const recorded = async () => (await stage.journals.runs())[0]?.steps.get("first")?.outcome === "succeeded";
    await stage.until("the first change to be recorded", recorded);
    await meanwhile(stage);
    await stage.settled();
    return leftBy(stage);
  });
}

describe("what changes during a run", { concurrency: 4 }, () => {
  test("an edited playbook: the run keeps the text that it started with", async () => {
    const left = await halfway(async ({ house }) => house.playbook(PLAYBOOK.replace("0.3", "0.5")));
    assert.deepEqual([left.state, left.effects], ["succeeded", BOTH]);
  });

  test("a deleted playbook and another process: the run goes on to its end", async () => {
    const left = await halfway(async (stage) => {
      rmSync(join(stage.house.directory, "playbooks", "respond.yaml"));
      await stage.workers[0]?.process.stop("SIGKILL");
      await stage.start();
    });
    assert.deepEqual([left.state, left.effects], ["succeeded", BOTH]);
  });

  test("a connection that is gone in the next process: the run fails, and says which one", async () => {
    const left = await halfway(async (stage) => {
      await stage.workers[0]?.process.stop("SIGKILL");
      rmSync(join(stage.house.directory, "playbooks", "respond.yaml"));
      stage.house.rename("    gateway: { kind: http", "    other: { kind: http");
      await stage.start();
    });
    assert.deepEqual([left.state, left.effects], ["failed", BOTH.slice(0, 1)]);
    assert.match(left.said.join("\n"), /respond failed: second: .*gateway/);
  });

  test("SIGTERM: the process ends by itself within its grace period, and the next one goes on", async () => {
    const left = await halfway(async (stage) => {
      const [first] = stage.workers;
      assert.ok(first);
      process.kill(first.process.pid, "SIGTERM");
      assert.equal(await ended(first, 15_000), 0);
      await stage.start();
    });
    assert.deepEqual([left.state, left.effects], ["succeeded", BOTH]);
  });

  test("SIGTERM during a call: the call's outcome is still recorded", async () => {
    const left = await onStage(redis, PLAYBOOK, async (stage) => {
      const first = await stage.start();
      stage.house.gateway.fail({ kind: "hang-after" }, { on: /PUT/, times: 1 });
      assert.equal(await post(first), 202);
      await stage.until("the first change", () => stage.effects().length === 1);
      process.kill(first.process.pid, "SIGTERM");
      assert.equal(await ended(first, 15_000), 0);
      await stage.start();
      await stage.settled();
      return leftBy(stage);
    });
    assert.deepEqual([left.state, left.effects], ["succeeded", BOTH]);
  });
});

describe("a worker whose clock is 10 minutes off", { concurrency: 4 }, () => {
  const LEASE = SCENARIOS["settings.set over HTTP with a lease and a verification"];
  const APPROVAL = SCENARIOS["an approval that is granted"];
  for (const minutes of [10, -10]) {
    const skewed = (scenario: Scenario | undefined) => {
      assert.ok(scenario);
      return play(redis, scenario, { skew: minutes });
    };
    test(`${minutes} minutes: a lease of 3 s ends then`, async () => {
      const began = performance.now();
      const left = await skewed(LEASE);
      assert.deepEqual([left.state, left.effects], ["succeeded", LEASE?.effects]);
      assert.ok(performance.now() - began < 60_000);
    });
    test(`${minutes} minutes: an approval that is open for 5 minutes can still be given`, async () => {
      const left = await skewed(APPROVAL);
      assert.deepEqual([left.state, left.effects], ["succeeded", APPROVAL?.effects]);
    });
    test(`${minutes} minutes: a freeze that holds now denies`, async () => {
      assert.ok(LEASE);
      const from = new Date(Date.now() - 4 * 60_000);
      const freeze = `freeze: [{ cron: '${from.getUTCMinutes()} ${from.getUTCHours()} * * *', for: 8m, reason: now }]\n`;
      const left = await skewed({ ...LEASE, prepare: (house) => house.config(freeze) });
      assert.match(left.run.ended?.reason ?? "", /^denied\.freeze: freeze: now/);
      assert.deepEqual(left.effects, []);
    });
  }
});
