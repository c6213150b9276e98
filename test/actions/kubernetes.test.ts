import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { apiServerOf } from "../../src/actions/kubernetes/kube-config.ts";
import { rolloutOf } from "../../src/actions/kubernetes/rollout.ts";
import { k8sRolloutRestart } from "../../src/actions/kubernetes/rollout-restart.ts";
import { k8sRolloutStatus } from "../../src/actions/kubernetes/rollout-status.ts";
import type { ActionResult, Output } from "../../src/core/action.ts";
import { KUBE_TOKEN, type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { complete, connectionsOf, contextOf, failureOf, outputOf, perform, useKubeconfig } from "./support.ts";

const ROUTER = { connection: "primarch", name: "litellm-router" };

let kubernetes: KubernetesStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  kubernetes = await startKubernetesStub();
  useKubeconfig(kubernetes.writeKubeconfig);
  connections = connectionsOf({
    kubernetes: {
      primarch: { context: "prod", namespace: "primarch" },
      twin: { context: "alias", namespace: "primarch" },
      other: { context: "prod", namespace: "billing" },
      bare: { context: "prod" },
      missing: { context: "gone", namespace: "primarch" },
    },
  });
});
beforeEach(() => {
  kubernetes.heal();
  Object.assign(kubernetes.next, { outcome: "complete", after: 0 });
  kubernetes.effects.length = 0;
  kubernetes.deployment("litellm-router").spec.paused = false;
});
after(async () => {
  await connections.close();
  await kubernetes.close();
});

let steps = 0;
const context = () => contextOf(connections, { stepKey: `run-1/restart-${++steps}` });

async function begin(over: object = {}): Promise<Output> {
  const result = await perform(k8sRolloutRestart, { ...ROUTER, ...over }, context());
  assert.ok(result.ok && !result.done, JSON.stringify(result));
  return result.handle;
}

async function poll(handle: Output): Promise<ActionResult> {
  const result = await k8sRolloutRestart.poll?.(handle, context());
  assert.ok(result);
  return result;
}

test("a rollout is judged in kubectl's order", () => {
  const deployment = (generation: number, status: object) => ({
    metadata: { name: "x", uid: "u", generation, resourceVersion: "1", annotations: {} },
    spec: { replicas: 2, template: { spec: { containers: [] } } },
    status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
  });
  const late = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }];
  const table: [number, object, string][] = [
    [2, {}, "complete"],
    [3, { conditions: late }, "progressing"],
    [2, { conditions: late }, "failed"],
    [2, { updatedReplicas: 1 }, "progressing"],
    [2, { replicas: 3 }, "progressing"],
    [2, { availableReplicas: 1 }, "progressing"],
  ];
  for (const [generation, status, state] of table)
    assert.equal(rolloutOf(deployment(generation, status)).state, state, JSON.stringify(status));
});

test("a restart marks pods and object with the step's key and is done when the rollout is", async () => {
  const ctx = context();
  outputOf(await complete(k8sRolloutRestart, ROUTER, ctx));
  const { metadata, spec } = kubernetes.deployment("litellm-router");
  assert.equal(metadata.annotations["stanch.dev/step"], ctx.stepKey);
  const { annotations } = spec.template.metadata;
  assert.equal(annotations?.["stanch.dev/step"], ctx.stepKey);
  assert.equal(annotations?.["kubectl.kubernetes.io/restartedAt"], new Date(ctx.now).toISOString());
});

test("the same step run again restarts nothing", async () => {
  const ctx = context();
  await perform(k8sRolloutRestart, ROUTER, ctx);
  const again = await perform(k8sRolloutRestart, ROUTER, ctx);
  assert.ok(again.ok);
  assert.equal(kubernetes.effects.length, 1);
});

test("a change in between is a refusal that is built anew", async () => {
  kubernetes.fail(
    { kind: "status", status: 409, body: { kind: "Status", message: "the object has been modified" } },
    { on: /^PATCH/, times: 1 },
  );
  await begin();
  assert.equal(kubernetes.effects.length, 1);
  kubernetes.fail({ kind: "status", status: 409 }, { on: /^PATCH/ });
  const lost = failureOf(await perform(k8sRolloutRestart, ROUTER, context()));
  assert.deepEqual([lost.reason, lost.sent], ["conflict", "refused"]);
});

test("a Deployment that was made anew is not restarted in place of the one that was looked at", async () => {
  const prepared = await k8sRolloutRestart.prepare?.(ROUTER, context());
  assert.ok(prepared?.ok);
  kubernetes.deployment("litellm-router").metadata.uid = "uid-anew";
  const { before } = prepared;
  const looked = await k8sRolloutRestart.reconcile?.(ROUTER, context(), { at: 0, attempt: 1, before });
  assert.equal(looked?.verdict, "unknown", "whether the former one was restarted nobody can tell");
  assert.equal(failureOf(await k8sRolloutRestart.run(ROUTER, context(), before)).reason, "superseded");
  assert.equal(kubernetes.effects.length, 0);
});

test("a paused Deployment and the strategy Recreate are refused before anything is sent", async () => {
  kubernetes.deployment("litellm-router").spec.paused = true;
  assert.match(failureOf(await perform(k8sRolloutRestart, ROUTER, context())).message, /it is paused; resume it first/);
  const recreate = { ...ROUTER, name: "vllm-engine" };
  assert.match(failureOf(await perform(k8sRolloutRestart, recreate, context())).message, /allowDowntime/);
  assert.equal(kubernetes.effects.length, 0);
  await begin({ name: "vllm-engine", allowDowntime: true });
  assert.equal(kubernetes.effects.length, 1);
});

test("a passed progress deadline fails the step", async () => {
  kubernetes.next.outcome = "deadline";
  const failed = failureOf(await poll(await begin()));
  assert.equal(failed.reason, "target_failed");
  assert.match(failed.message, /has timed out progressing/);
});

test("scaling meanwhile is no matter, another pod template supersedes", async () => {
  kubernetes.next.outcome = "stuck";
  const handle = await begin();
  const deployment = kubernetes.deployment("litellm-router");
  deployment.spec.replicas = 3;
  deployment.metadata.generation += 1;
  const scaled = await poll(handle);
  assert.ok(scaled.ok && !scaled.done);
  deployment.spec.template.spec.containers = [
    { name: "litellm-router", image: "registry.example.com/litellm-router:2" },
  ];
  deployment.metadata.generation += 1;
  assert.equal(failureOf(await poll(handle)).reason, "superseded");
});

test("access denied names what to grant, and credentials stay out of it", async () => {
  const denied = failureOf(await k8sRolloutStatus.run({ ...ROUTER, connection: "other" }, context()));
  assert.equal(denied.reason, "denied");
  assert.equal(
    denied.message,
    "reading deployment billing/litellm-router: access denied; grant get on deployments in billing",
  );
});

test("what a quota, webhook or policy forbids is told in its words, not as a right that is missing", async () => {
  const message = 'deployments.apps "litellm-router" is forbidden: policy "audit" denied request: no changes now';
  kubernetes.fail({ kind: "status", status: 403, body: { kind: "Status", message } }, { on: /^PATCH/ });
  const forbidden = failureOf(await perform(k8sRolloutRestart, ROUTER, context()));
  assert.deepEqual([forbidden.reason, forbidden.sent], ["denied", "refused"]);
  assert.equal(forbidden.message, `restarting deployment primarch/litellm-router: forbidden (${message})`);
});

test("what cannot be found is said: Deployment, context, namespace", async () => {
  assert.equal(failureOf(await k8sRolloutStatus.run({ ...ROUTER, name: "nobody" }, context())).reason, "not_found");
  const noContext = failureOf(await k8sRolloutStatus.run({ ...ROUTER, connection: "missing" }, context()));
  assert.equal(noContext.reason, "not_configured");
  assert.match(noContext.message, /no context gone/);
  const noNamespace = failureOf(await k8sRolloutStatus.run({ ...ROUTER, connection: "bare" }, context()));
  assert.match(noNamespace.message, /no namespace for litellm-router/);
});

test("an API server has one spelling", () => {
  const file = process.env["KUBECONFIG"] ?? "";
  const right = readFileSync(file, "utf8");
  try {
    writeFileSync(file, right.replace("http://127.0.0.1:1", "https://API.example.com:443/k8s/"));
    assert.equal(apiServerOf("nowhere"), "https://api.example.com/k8s");
  } finally {
    writeFileSync(file, right);
  }
});

test("two contexts to one API server give one lock", () => {
  const targets = (connection: string) => k8sRolloutRestart.targets({ ...ROUTER, connection }, connections);
  assert.deepEqual(targets("primarch"), ["k8s:prod/primarch/deployment/litellm-router"]);
  assert.deepEqual(targets("twin"), targets("primarch"));
});

test("credentials that were replaced are taken at once; the former ones were kept until a restart", async () => {
  const file = process.env["KUBECONFIG"] ?? "";
  const right = readFileSync(file, "utf8");
  const own = connectionsOf({ kubernetes: { primarch: { context: "prod", namespace: "primarch" } } });
  const look = () => perform(k8sRolloutStatus, ROUTER, contextOf(own));
  const seen = kubernetes.requests.length;
  try {
    writeFileSync(file, right.replaceAll(KUBE_TOKEN, "revoked"));
    assert.match(failureOf(await look()).message, /the credentials were refused/);
    assert.equal(kubernetes.requests.length - seen, 1, "what was just read is not read again");
    writeFileSync(file, right);
    outputOf(await look());
    kubernetes.fail({ kind: "status", status: 401 }, { times: 1 });
    outputOf(await look());
  } finally {
    writeFileSync(file, right);
    await own.close();
  }
});
