import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Point } from "./support/faults.ts";
import type { Scenario } from "./support/scenario.ts";
import { freezeAt } from "./support/trial.ts";

let redis: TestRedis;
before(async () => {
  redis = await startRedis({ databases: "200" });
});
after(() => redis.stop());

type Row = { scenario: string; when: Point["when"]; key: string; state: string; effects: number };

const HTTP = "settings.set over HTTP with a lease and a verification";
const CACHE = "settings.set in Redis";
const PLAIN = "http.request that nothing deduplicates";
const ECS = "ecs.redeploy";
const KUBERNETES = "k8s.rollout-restart";

/** Frozen before the intent is stored, right before the call is sent, and before its outcome is stored. */
const ROWS: readonly Row[] = [
  { scenario: HTTP, when: "before", key: "run intent shed", state: "succeeded", effects: 2 },
  { scenario: HTTP, when: "after", key: "run intent shed", state: "succeeded", effects: 2 },
  { scenario: HTTP, when: "before", key: "run outcome shed", state: "succeeded", effects: 2 },
  { scenario: CACHE, when: "after", key: "run intent limit", state: "succeeded", effects: 1 },
  { scenario: PLAIN, when: "before", key: "run intent reset", state: "succeeded", effects: 1 },
  { scenario: PLAIN, when: "after", key: "run intent reset", state: "unknown_outcome", effects: 0 },
  { scenario: PLAIN, when: "before", key: "run outcome reset", state: "unknown_outcome", effects: 1 },
  { scenario: ECS, when: "after", key: "run intent redeploy", state: "unknown_outcome", effects: 0 },
  { scenario: ECS, when: "before", key: "run started redeploy", state: "succeeded", effects: 1 },
  { scenario: KUBERNETES, when: "after", key: "run intent restart", state: "succeeded", effects: 1 },
];

describe("a worker frozen past its claim that wakes when another has gone on", { concurrency: 4 }, () => {
  for (const { scenario: name, when, key, state, effects } of ROWS) {
    test(`${name}, ${when} ${key}: no second effect`, async () => {
      const scenario: Scenario | undefined = SCENARIOS[name];
      assert.ok(scenario);
      const left = await freezeAt(redis, scenario, { when, key });
      assert.equal(left.state, state, left.said.join("\n"));
      assert.deepEqual(left.effects, scenario.effects.slice(0, effects));
    });
  }
});
