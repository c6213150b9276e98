import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Fault } from "../stubs/server.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { House } from "./support/house.ts";
import type { Scenario } from "./support/scenario.ts";
import { play } from "./support/trial.ts";

let redis: TestRedis;
before(async () => {
  redis = await startRedis({ databases: "400" });
});
after(() => redis.stop());

const status = (code: number): Fault => ({ kind: "status", status: code });

/** Which system misbehaves how, for how many answers; what must come of it, and what the timeline says. */
type Row = {
  scenario: string;
  system: "gateway" | "ecs" | "kubernetes";
  on: RegExp;
  fault: Fault;
  times?: number;
  state: string;
  effects: number;
  says: RegExp;
};

const SHED: Pick<Row, "scenario" | "system"> = { scenario: "an approval that is granted", system: "gateway" };
const PLAIN: Pick<Row, "scenario" | "system"> = {
  scenario: "http.request that nothing deduplicates",
  system: "gateway",
};
const ECS: Pick<Row, "scenario" | "system"> = { scenario: "ecs.redeploy", system: "ecs" };
const KUBE: Pick<Row, "scenario" | "system"> = { scenario: "k8s.rollout-restart", system: "kubernetes" };
const PUT = /PUT/;
const GET = /GET/;
const ECHO = /echo/;
const UPDATE = /UpdateService/;
const THROTTLED: Fault = {
  kind: "status",
  status: 400,
  body: { __type: "ThrottlingException", message: "Rate exceeded" },
};

const ROWS: readonly Row[] = [
  { ...SHED, on: PUT, fault: status(500), state: "failed", effects: 0, says: /answered 500, the target failed/ },
  {
    ...SHED,
    on: PUT,
    fault: status(429),
    state: "failed",
    effects: 0,
    says: /answered 429, too many requests; try again later/,
  },
  {
    ...SHED,
    on: PUT,
    fault: { kind: "hang" },
    state: "failed",
    effects: 0,
    says: /no answer within .*; it was not done/,
  },
  { ...SHED, on: PUT, fault: { kind: "hang-after" }, state: "succeeded", effects: 1, says: /shed succeeded/ },
  {
    ...SHED,
    on: PUT,
    fault: { kind: "drop" },
    state: "failed",
    effects: 0,
    says: /connection was closed .*; it was not done/,
  },
  { ...SHED, on: PUT, fault: { kind: "drop-after" }, state: "succeeded", effects: 1, says: /shed succeeded/ },
  {
    ...SHED,
    on: PUT,
    fault: { kind: "garbage" },
    state: "failed",
    effects: 0,
    says: /accepted, but its value is 0 now; look at the gateway/,
  },
  {
    ...SHED,
    on: PUT,
    fault: { kind: "huge" },
    state: "failed",
    effects: 0,
    says: /accepted, but its value is 0 now; look at the gateway/,
  },
  {
    ...SHED,
    on: PUT,
    fault: { kind: "hang" },
    times: 1,
    state: "succeeded",
    effects: 1,
    says: /it was not done; again/,
  },
  { ...SHED, on: GET, fault: status(500), state: "failed", effects: 0, says: /answered 500, the target failed/ },
  {
    ...SHED,
    on: GET,
    fault: { kind: "hang" },
    state: "failed",
    effects: 0,
    says: /no answer within the step's time limit/,
  },
  { ...SHED, on: GET, fault: { kind: "garbage" }, state: "failed", effects: 0, says: /did not answer a JSON object/ },
  {
    ...SHED,
    on: GET,
    fault: { kind: "huge" },
    state: "failed",
    effects: 0,
    says: /did not answer a JSON object of at most 64 KiB/,
  },
  {
    ...PLAIN,
    on: ECHO,
    fault: status(500),
    state: "unknown_outcome",
    effects: 1,
    says: /did this take effect: send POST \/echo .*answered 500/,
  },
  {
    ...PLAIN,
    on: ECHO,
    fault: status(429),
    state: "failed",
    effects: 1,
    says: /answered 429, too many requests; try again later/,
  },
  {
    ...PLAIN,
    on: ECHO,
    fault: { kind: "hang" },
    state: "unknown_outcome",
    effects: 1,
    says: /no answer within .*look at the target/,
  },
  {
    ...PLAIN,
    on: ECHO,
    fault: { kind: "drop" },
    state: "unknown_outcome",
    effects: 1,
    says: /connection was closed .*look at the target/,
  },
  { ...PLAIN, on: ECHO, fault: { kind: "huge" }, state: "succeeded", effects: 1, says: /reset succeeded/ },
  {
    ...ECS,
    on: UPDATE,
    fault: status(500),
    state: "unknown_outcome",
    effects: 0,
    says: /no deployment of prod\/litellm is newer than the intent/,
  },
  { ...ECS, on: UPDATE, fault: THROTTLED, state: "failed", effects: 0, says: /throttled by AWS; try again later/ },
  { ...ECS, on: UPDATE, fault: { kind: "hang-after" }, state: "succeeded", effects: 1, says: /redeploy succeeded/ },
  {
    ...ECS,
    on: UPDATE,
    fault: { kind: "garbage" },
    state: "unknown_outcome",
    effects: 0,
    says: /the answer is not that of ECS/,
  },
  {
    ...ECS,
    on: /DescribeServices/,
    fault: { kind: "huge" },
    state: "failed",
    effects: 0,
    says: /the answer is not that of ECS; check the endpoint/,
  },
  { ...KUBE, on: /PATCH/, fault: status(500), state: "failed", effects: 0, says: /answered 500, the target failed/ },
  { ...KUBE, on: /PATCH/, fault: { kind: "hang-after" }, state: "succeeded", effects: 1, says: /restart succeeded/ },
  {
    ...KUBE,
    on: /PATCH/,
    fault: { kind: "garbage" },
    state: "failed",
    effects: 0,
    says: /the answer is not that of an API server/,
  },
  {
    ...KUBE,
    on: GET,
    fault: { kind: "huge" },
    state: "failed",
    effects: 0,
    says: /the answer is not that of an API server; check the context/,
  },
];

describe("a system that answers badly", { concurrency: 5 }, () => {
  for (const row of ROWS) {
    const { system, on, fault, times } = row;
    test(`${system} ${on.source}: ${fault.kind}${"status" in fault ? ` ${fault.status}` : ""}${times === 1 ? " once" : ""}`, async () => {
      const scenario = SCENARIOS[row.scenario];
      assert.ok(scenario);
      const left = await play(redis, broken(scenario, row));
      assert.equal(left.state, row.state, left.said.join("\n"));
      assert.deepEqual(left.effects, scenario.effects.slice(0, row.effects));
      assert.match(left.said.join("\n"), row.says);
    });
  }
});

function broken(scenario: Scenario, { system, on, fault, times }: Row): Scenario {
  const prepare = (house: House): void => {
    scenario.prepare?.(house);
    house[system].fail(fault, { on, ...(times !== undefined && { times }) });
  };
  return { ...scenario, prepare };
}
