import assert from "node:assert/strict";
import { test } from "node:test";
import { actions } from "../../src/actions/index.ts";
import { text } from "./files.ts";

test("the rights of every action on Kubernetes and ECS, and of every kind of settings there, are documented", () => {
  const rows = [...text("deploy/README.md").matchAll(/^\| (`.*?) +\|/gm)].map(([, actions = ""]) => actions);
  const documented = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
  const ours = [...actions.keys()].filter((name) => /^(k8s|ecs)\./.test(name));
  const missing = [...ours, "configmap", "deployment-env", "ecs-env"].filter((name) => !documented.includes(name));
  assert.deepEqual(missing, []);
});
