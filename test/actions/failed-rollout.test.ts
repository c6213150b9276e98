import assert from "node:assert/strict";
import { test } from "node:test";
import { ecsScale } from "../../src/actions/ecs/scale.ts";
import { ecsSetEnv } from "../../src/actions/ecs/set-env.ts";
import { k8sScale } from "../../src/actions/kubernetes/scale.ts";
import { k8sSetEnv } from "../../src/actions/kubernetes/set-env.ts";
import { settingsSet } from "../../src/actions/settings/set.ts";
import type { AnyAction } from "../../src/core/action.ts";
import { undoingOf } from "../../src/core/run/changed.ts";
import type { StepRecord } from "../../src/core/run/run.ts";

const SERVICE = { cluster: "gateway", service: "litellm" };
const CASES: readonly (readonly [AnyAction, object, object, object])[] = [
  [k8sScale, { name: "a", replicas: "+1", max: 4 }, { from: 2, to: 3 }, { replicas: 2, expected: 3 }],
  [k8sSetEnv, { name: "a", env: "RATE", value: "1" }, { value: null }, { value: null, expected: "1" }],
  [ecsScale, { ...SERVICE, desired: "+1", max: 4 }, { from: 2, to: 3 }, { desired: 2, expected: 3 }],
  [ecsSetEnv, { ...SERVICE, env: "RATE", value: "1" }, { value: "0" }, { value: "0", expected: "1" }],
  [settingsSet, { name: "RATE", value: "1" }, { value: "0" }, { value: "0", expected: "1" }],
];

test("each action that waits for a rollout can be undone from what was read before it, although the rollout failed", () => {
  const actions = new Map(CASES.map(([action]) => [action.name, action]));
  for (const [{ name }, input, before, undone] of CASES) {
    const record = {
      path: "a",
      state: "done",
      outcome: "failed",
      effect: "disruptive",
      handle: {},
      uses: name,
    } as const;
    const undoing = undoingOf({ ...record, input, before } as unknown as StepRecord, actions);
    assert.ok(undoing.kind === "undo", name);
    assert.equal(undoing.undo.uses, name);
    assert.partialDeepStrictEqual(undoing.undo.with, undone, name);
  }
});
