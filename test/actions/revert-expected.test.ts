import assert from "node:assert/strict";
import { test } from "node:test";
import { actions } from "../../src/actions/index.ts";

const SET = "redis://:of-no-account-123@router:6379";
/** What the journal keeps of it. */
const KEPT = "redis://:[redacted]@router:6379";

const ROWS: readonly (readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>])[] = [
  ["settings.set", { name: "CACHE_URL", value: SET }, { name: "CACHE_URL", value: KEPT, former: null, changed: true }],
  [
    "k8s.set-env",
    { name: "router", env: "CACHE_URL", value: SET },
    { generation: 1, replicas: 1, detail: "", value: KEPT, former: null, changed: true },
  ],
  [
    "ecs.set-env",
    { cluster: "prod", service: "litellm", env: "CACHE_URL", value: SET },
    { deploymentId: "d", taskDefinition: "t:2", value: KEPT, former: null, changed: true },
  ],
  [
    "k8s.patch-configmap",
    { name: "config", key: "config.yaml", changes: [{ path: ["cache", "url"], value: SET }] },
    { changed: true, values: [{ path: ["cache", "url"], former: null, value: KEPT }] },
  ],
];

for (const [name, input, output] of ROWS) {
  test(`the undoing of ${name} expects what was set, not what the journal shows of it`, () => {
    const undo = JSON.stringify(actions.get(name)?.revert?.(input, output));
    assert.ok(undo.includes(`"expected":"${SET}"`), undo);
    assert.ok(!undo.includes("redacted"), undo);
  });
}
