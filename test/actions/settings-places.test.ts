import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ecsRedeploy } from "../../src/actions/ecs/redeploy.ts";
import { k8sPatchConfigmap } from "../../src/actions/kubernetes/patch-configmap.ts";
import { k8sRolloutRestart } from "../../src/actions/kubernetes/rollout-restart.ts";
import { settingsGet } from "../../src/actions/settings/get.ts";
import { settingsSet } from "../../src/actions/settings/set.ts";
import type { ActionContext, Output } from "../../src/core/action.ts";
import type { Connections } from "../../src/core/connection.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { newConfigMap } from "../stubs/kubernetes-world.ts";
import {
  complete,
  connectionsOf,
  contextOf,
  failureOf,
  outputOf,
  perform,
  RULES,
  useEcs,
  useKubeconfig,
} from "./support.ts";

const STORED = { FALLBACK_ENABLED: "false", SHED_RATE: "0", MODE: "normal", "routes.yaml": "a: 1\n" };

let kubernetes: KubernetesStub;
let ecs: EcsStub;
let connections: Connections & { close(): Promise<void> };

before(async () => {
  [kubernetes, ecs] = await Promise.all([startKubernetesStub(), startEcsStub()]);
  useKubeconfig(kubernetes.writeKubeconfig);
  useEcs(ecs.url);
  const map = { kind: "configmap" as const, name: "gateway-settings", allow: RULES };
  const pods = { kind: "deployment-env" as const, deployment: "litellm-router", allow: RULES };
  connections = connectionsOf({
    kubernetes: {
      primarch: { context: "prod", namespace: "primarch" },
      twin: { context: "alias", namespace: "primarch" },
    },
    ecs: { poc: { region: "us-west-1" } },
    settings: {
      map: { ...map, kubernetes: "primarch" },
      twin: { ...map, kubernetes: "twin" },
      pods: { ...pods, kubernetes: "primarch" },
      tasks: { kind: "ecs-env", ecs: "poc", cluster: "prod", service: "litellm", allow: RULES },
    },
  });
});
beforeEach(() => {
  kubernetes.heal();
  kubernetes.renew();
  kubernetes.configMaps.set("gateway-settings", newConfigMap("gateway-settings", { ...STORED }));
  Object.assign(kubernetes.next, { outcome: "complete", after: 0 });
  kubernetes.effects.length = 0;
  ecs.heal();
  ecs.renew();
});
after(async () => {
  await connections.close();
  await Promise.all([kubernetes.close(), ecs.close()]);
});

const context = (over: Partial<ActionContext> = {}) => contextOf(connections, over);
const set = (input: Output, ctx: ActionContext = context()) =>
  complete(settingsSet, { connection: "map", ...input }, ctx);
const get = async (connection: string, name: string) =>
  outputOf(await settingsGet.run({ connection, name }, context())).value;
const undo = (input: Output, output: Output) =>
  complete(settingsSet, settingsSet.revert?.(input, output)?.with ?? {}, context({ stepKey: "run-2/undo" }));
const stored = () => kubernetes.configMaps.get("gateway-settings");
const variables = () => kubernetes.deployment("litellm-router").spec.template.spec.containers[0]?.["env"];

/** What somebody else does between our reading and our writing: the next GET is the last that sees the former state. */
function meanwhile(change: () => void): ActionContext {
  let fences = 0;
  return context({ fence: () => void (fences++ === 0 && change()) });
}

test("a ConfigMap's keys are read by type, and one is set, marked with the step, while the others stay", async () => {
  assert.deepEqual(
    [await get("map", "FALLBACK_ENABLED"), await get("map", "SHED_RATE"), await get("map", "MODE")],
    [false, 0, "normal"],
  );
  assert.equal(await get("map", "UNSET"), null);
  const output = outputOf(await set({ name: "SHED_RATE", value: 0.1 }));
  assert.deepEqual(output, { name: "SHED_RATE", value: 0.1, former: 0, changed: true });
  assert.deepEqual(stored()?.data, { ...STORED, SHED_RATE: "0.1" });
  assert.equal(stored()?.metadata.annotations["stanch.dev/step"], context().stepKey);
});

test("only listed names, within type and range, are sent to any place", async () => {
  const sent = kubernetes.requests.length + ecs.requests.length;
  for (const connection of ["map", "pods", "tasks"]) {
    for (const [name, value] of [
      ["routes.yaml", "a: 2"],
      ["SHED_RATE", 0.6],
      ["MODE", "wild"],
    ])
      assert.equal(failureOf(await set({ connection, name, value })).reason, "refused", `${connection} ${name}`);
    assert.equal(failureOf(await settingsGet.run({ connection, name: "LOG_LEVEL" }, context())).reason, "refused");
  }
  assert.equal(kubernetes.requests.length + ecs.requests.length, sent);
});

test("its revert restores the text, or removes a key that was not there", async () => {
  const change = { connection: "map", name: "SHED_RATE", value: 0.1 };
  outputOf(await undo(change, outputOf(await set(change))));
  assert.deepEqual(stored()?.data, STORED);
  const added = { connection: "map", name: "UNSET", value: 5 };
  const output = outputOf(await set(added));
  assert.equal(stored()?.data["UNSET"], "5");
  outputOf(await undo(added, output));
  assert.deepEqual(stored()?.data, STORED);
});

test("what somebody else has changed since is not undone, in any place", async () => {
  for (const connection of ["map", "pods", "tasks"]) {
    const change = { connection, name: "SHED_RATE", value: 0.1 };
    const output = outputOf(await set(change));
    outputOf(await set({ connection, name: "SHED_RATE", value: 0.3 }));
    const refused = failureOf(await undo(change, output));
    assert.deepEqual([refused.reason, refused.sent, refused.retryable], ["conflict", "refused", false]);
    assert.equal(await get(connection, "SHED_RATE"), 0.3);
  }
});

test("a race over another key is built anew; one over the setting is lost, and so is one without end", async () => {
  const other = meanwhile(() => edit({ MODE: "cheap" }));
  outputOf(await set({ name: "SHED_RATE", value: 0.1 }, other));
  assert.deepEqual(stored()?.data, { ...STORED, MODE: "cheap", SHED_RATE: "0.1" });
  const same = meanwhile(() => edit({ SHED_RATE: "0.4" }));
  const lost = failureOf(await set({ name: "SHED_RATE", value: 0.2 }, same));
  assert.deepEqual([lost.reason, lost.sent, lost.retryable], ["conflict", "refused", false]);
  assert.equal(stored()?.data["SHED_RATE"], "0.4");
  kubernetes.fail({ kind: "status", status: 409 }, { on: /^PATCH/ });
  const stale = failureOf(await set({ name: "SHED_RATE", value: 0.2 }));
  assert.deepEqual([stale.reason, stale.sent, stale.retryable], ["conflict", "refused", true]);
});

function edit(data: Record<string, string>): void {
  const before = stored();
  assert.ok(before);
  const metadata = { ...before.metadata, resourceVersion: String(++kubernetes.version) };
  kubernetes.configMaps.set("gateway-settings", { metadata, data: { ...before.data, ...data } });
}

test("a text that does not read as its type, and a ConfigMap that is not there, are told", async () => {
  edit({ FALLBACK_ENABLED: "perhaps", SHED_RATE: "" });
  assert.equal(failureOf(await set({ name: "FALLBACK_ENABLED", value: true })).reason, "bad_response");
  for (const text of ["", "0x0", "00", "0.1234567890123456789"]) {
    edit({ SHED_RATE: text });
    assert.match(failureOf(await set({ name: "SHED_RATE", value: 0.1 })).message, /does not read as a number/, text);
  }
  kubernetes.configMaps.delete("gateway-settings");
  assert.equal(failureOf(await set({ name: "MODE", value: "cheap" })).reason, "not_found");
});

async function verdict(connection: string, value = 0.1) {
  const intent = { at: Date.now(), attempt: 1, before: { value: connection === "pods" ? null : 0 } };
  const read = await settingsSet.reconcile?.({ connection, name: "SHED_RATE", value }, context(), intent);
  return read?.verdict === "done" ? (read.result.ok ? "done" : read.result.reason) : read?.verdict;
}

test("after a crash the value and the mark tell; where there is no precondition, a missing change stays unknown", async () => {
  for (const [connection, missing] of [
    ["map", "not-done"],
    ["pods", "not-done"],
    ["tasks", "unknown"],
  ] as const) {
    assert.equal(await verdict(connection), missing);
    const change = { connection, name: "SHED_RATE", value: 0.1 };
    outputOf(await set(change));
    assert.equal(await verdict(connection), "done");
  }
  edit({ SHED_RATE: "0" });
  assert.equal(await verdict("map"), "superseded", "it was written, and somebody has put it back since");
  edit({ SHED_RATE: "0.3" });
  const { annotations } = stored()?.metadata ?? {};
  delete annotations?.["stanch.dev/step"];
  assert.equal(await verdict("map"), "unknown");
});

test("a variable of a Deployment is in force when the pods are replaced", async () => {
  const change = { connection: "pods", name: "SHED_RATE", value: 0.1 };
  kubernetes.next.outcome = "stuck";
  const begun = await perform(settingsSet, change, context());
  assert.ok(begun.ok && !begun.done, JSON.stringify(begun));
  const waiting = await settingsSet.poll?.(JSON.parse(JSON.stringify(begun.handle)), context());
  assert.ok(waiting?.ok && !waiting.done);
  kubernetes.next.outcome = "complete";
  const output = outputOf(await settingsSet.poll?.(waiting.handle, context()));
  assert.deepEqual(output, { name: "SHED_RATE", value: 0.1, former: null, changed: true });
  assert.deepEqual(variables(), [{ name: "SHED_RATE", value: "0.1" }]);
  outputOf(await undo(change, output));
  assert.equal(variables(), undefined);
});

test("a rollout that fails fails the step; a paused Deployment is read and not written", async () => {
  kubernetes.next.outcome = "deadline";
  assert.equal(failureOf(await set({ connection: "pods", name: "SHED_RATE", value: 0.1 })).reason, "target_failed");
  kubernetes.deployment("litellm-router").spec.paused = true;
  assert.equal(await get("pods", "SHED_RATE"), 0.1);
  const refused = failureOf(await set({ connection: "pods", name: "SHED_RATE", value: 0.2 }));
  assert.deepEqual([refused.reason, refused.sent], ["refused", "no"]);
  assert.match(refused.message, /it is paused; resume it first/);
});

test("a variable of an ECS service is in force with its deployment, and its undo is the former revision", async () => {
  const service = () => ecs.service("prod", "litellm");
  const former = service().taskDefinition;
  const change = { connection: "tasks", name: "SHED_RATE", value: 0.1 };
  service().next = { outcome: "stuck", after: 0 };
  const begun = await perform(settingsSet, change, context());
  assert.ok(begun.ok && !begun.done, JSON.stringify(begun));
  const waiting = await settingsSet.poll?.(begun.handle, context());
  assert.ok(waiting?.ok && !waiting.done);
  service().next = { outcome: "completed", after: 0 };
  const output = outputOf(await settingsSet.poll?.(waiting.handle, context()));
  assert.equal(await get("tasks", "SHED_RATE"), 0.1);
  outputOf(await undo(change, output));
  assert.equal(service().taskDefinition, former);
});

test("a setting and the action on the same thing are one lock", () => {
  const lock = (connection: string) => settingsSet.targets({ connection, name: "MODE", value: "cheap" }, connections);
  const map = { connection: "twin", name: "gateway-settings", key: "k", changes: [{ path: ["a"], value: 1 }] };
  const router = { connection: "primarch", name: "litellm-router" };
  assert.deepEqual(lock("map"), k8sPatchConfigmap.targets(map, connections));
  assert.deepEqual(lock("map"), ["k8s:prod/primarch/configmap/gateway-settings"]);
  assert.deepEqual(lock("twin"), lock("map"));
  assert.deepEqual(lock("pods"), k8sRolloutRestart.targets(router, connections));
  assert.deepEqual(lock("tasks"), ecsRedeploy.targets({ cluster: "prod", service: "litellm" }, connections));
});
