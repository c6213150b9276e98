import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { waitFor } from "../../../scripts/lib/processes.ts";
import { actions } from "../../../src/actions/index.ts";
import type { ActionFailure, ActionResult, Output } from "../../../src/core/action.ts";
import { ROUTER_YAML } from "../../actions/places.ts";
import { failureOf, outputOf, perform } from "../../actions/support.ts";
import type { Admin } from "./cluster.ts";
import { ROUTER, renewConfigMap, renewDeployment, rollOut } from "./objects.ts";
import { documentedRights, type Grant, without } from "./rights.ts";
import { newContext, poll, type Worldly } from "./world.ts";

const CONFIG = "litellm-config";
const CHANGES = [{ path: ["routing", "strategy"], value: "weighted" }];

/** One use of each action and kind of settings that the documents grant something. */
const USES: Readonly<Record<string, { uses: string; with: Output }>> = {
  "k8s.rollout-status": { uses: "k8s.rollout-status", with: { name: ROUTER } },
  "k8s.rollout-restart": { uses: "k8s.rollout-restart", with: { name: ROUTER } },
  "k8s.set-env": { uses: "k8s.set-env", with: { name: ROUTER, env: "MODE", value: "cheap" } },
  "k8s.scale": { uses: "k8s.scale", with: { name: ROUTER, replicas: 3 } },
  "k8s.patch-configmap": { uses: "k8s.patch-configmap", with: { name: CONFIG, key: "x.yaml", changes: CHANGES } },
  "k8s.pod-status": { uses: "k8s.pod-status", with: { selector: "app=router" } },
  "k8s.pod-logs": { uses: "k8s.pod-logs", with: { selector: "app=router" } },
  "deployment-env": { uses: "settings.set", with: { name: "MODE", value: "cheap" } },
  configmap: { uses: "settings.set", with: { name: "SHED_RATE", value: 0.1 } },
};

const AUDITED = "vllm-engine";
const POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";

/** Without this right scaling goes on and says so in the log. */
const DISPENSABLE = "list on horizontalpodautoscalers in primarch";

/** Connections by name: those that have all documented rights of an action, and for each right one that lacks only this. */
export function accounts(): ReadonlyMap<string, readonly Grant[]> {
  const documented = [...documentedRights()];
  return new Map([
    ...documented,
    ...documented.flatMap(([name, grants]) =>
      lacks(name, grants).map(({ connection, less }) => [connection, less] as const),
    ),
  ]);
}

function lacks(name: string, grants: readonly Grant[]) {
  return grants.flatMap(({ resource, verbs }) =>
    verbs.map((verb) => ({
      connection: `${name}-without-${verb}-${resource.replace("/", "-")}`,
      permission: `${verb} on ${resource} in primarch`,
      less: without(grants, resource, verb),
    })),
  );
}

/** The rights of deploy/README.md are enough, and none of them is too many. */
export function rightTests(world: Worldly): void {
  beforeEach(async () => {
    const { admin } = world();
    await renewDeployment(admin, ROUTER);
    await renewConfigMap(admin, CONFIG, { "x.yaml": ROUTER_YAML });
    await renewConfigMap(admin, "gateway-settings", { SHED_RATE: "0" });
  });
  const documented = documentedRights();

  test("every action on Kubernetes and every kind of settings there is documented", () => {
    const ours = [...actions.keys()].filter((name) => name.startsWith("k8s."));
    assert.deepEqual([...documented.keys()].sort(), [...ours, "configmap", "deployment-env"].sort());
  });

  for (const [name, grants] of documented) {
    test(`${name}: what is documented is enough`, async () => {
      outputOf(await toTheEnd(world, name, name));
    });
    for (const { connection, permission } of lacks(name, grants)) {
      test(`${name}: without ${permission} it is denied and tells so`, async () => {
        if (permission === DISPENSABLE) return void outputOf(await toTheEnd(world, name, connection));
        const denied = failureOf(await toTheEnd(world, name, connection));
        assert.equal(denied.reason, "denied");
        assert.match(denied.message, new RegExp(`access denied; grant ${permission}$`));
      });
    }
  }

  test("neither another name, another namespace nor an unknown token is let in", async () => {
    const restart = (over: Output) => {
      const input = { connection: "worker", name: ROUTER, ...over };
      return perform(actionOf("k8s.rollout-restart"), input, newContext(world()));
    };
    for (const over of [{ name: "somebody-elses" }, { namespace: "billing" }, { namespace: "nowhere" }])
      assert.match(failureOf(await restart(over)).message, /access denied; grant get on deployments in/);
    const unknown = failureOf(await restart({ connection: "nobody" }));
    assert.deepEqual([unknown.reason, unknown.sent], ["denied", "no"]);
    assert.match(unknown.message, /the credentials were refused/);
  });

  test("what a policy of the cluster forbids is told in its words, not as a right that is missing", async () => {
    await renewDeployment(world().admin, AUDITED);
    await forbidChanges(world().admin, AUDITED);
    const input = { connection: "worker", name: AUDITED };
    const restart = () => perform(actionOf("k8s.rollout-restart"), input, newContext(world()));
    const forbidden = await waitFor("the policy to be in force", async () => failed(await restart()), {
      within: 30_000,
    });
    assert.deepEqual([forbidden.reason, forbidden.sent], ["denied", "refused"]);
    assert.match(
      forbidden.message,
      /^restarting deployment primarch\/vllm-engine: forbidden \(.*no changes during the audit/,
    );
  });
}

/** A policy with the status that a missing right has too. */
async function forbidChanges(admin: Admin, name: string): Promise<void> {
  const base = { apiVersion: "admissionregistration.k8s.io/v1", metadata: { name: "audit" } };
  const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["deployments"] };
  const policy = {
    matchConstraints: { resourceRules: [rule] },
    matchConditions: [{ name: "audited", expression: `object.metadata.name == "${name}"` }],
    validations: [{ expression: "false", message: "no changes during the audit", reason: "Forbidden" }],
  };
  await admin("POST", POLICIES, { ...base, kind: "ValidatingAdmissionPolicy", spec: policy });
  const binding = { policyName: "audit", validationActions: ["Deny"] };
  await admin("POST", BINDINGS, { ...base, kind: "ValidatingAdmissionPolicyBinding", spec: binding });
}

function failed(result: ActionResult): ActionFailure | undefined {
  return result.ok ? undefined : result;
}

async function toTheEnd(world: Worldly, name: string, connection: string): Promise<ActionResult> {
  const use = USES[name];
  assert.ok(use, `there is a use of ${name}`);
  const action = actionOf(use.uses);
  const ctx = newContext(world());
  const started = await perform(action, { connection, ...use.with }, ctx);
  if (!started.ok || started.done) return started;
  await rollOut(world().admin, ROUTER);
  return poll(action, started.handle, ctx);
}

function actionOf(name: string) {
  const action = actions.get(name);
  assert.ok(action);
  return action;
}
