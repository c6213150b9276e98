import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { SCENARIOS } from "./scenarios.ts";
import { play } from "./support/trial.ts";

let redis: TestRedis;
before(async () => {
  redis = await startRedis({ databases: "200" });
});
after(() => redis.stop());

const NAMES = [
  "settings.set over HTTP with a lease and a verification",
  "ecs.redeploy",
  "switch, parallel, wait and a condition on a fact",
  "for-each with wait and verify, whose second round fails and is undone",
  "an approval that is granted",
  "the alert resolves after a change",
  "an outcome that only a person knows",
] as const;

for (const drop of ["once", "most"] as const) {
  describe(`the queue loses ${drop === "once" ? "the first wake-up of everything" : "four wake-ups of five"}`, {
    concurrency: 4,
  }, () => {
    for (const name of NAMES) {
      test(name, async () => {
        const scenario = SCENARIOS[name];
        assert.ok(scenario);
        const left = await play(redis, scenario, { drop });
        assert.equal(left.state, scenario.ends, left.said.join("\n"));
        assert.deepEqual(left.effects, scenario.effects, "nothing is stuck, and what was leased is back");
      });
    }
  });
}
