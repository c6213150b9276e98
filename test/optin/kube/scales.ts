import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { k8sScale as scale } from "../../../src/actions/kubernetes/scale.ts";
import { failureOf, outputOf, perform } from "../../actions/support.ts";
import { failRollout, NAMESPACE, patchDeployment, ROUTER, readDeployment, renewDeployment } from "./objects.ts";
import {
  begin,
  contested,
  finish,
  newContext,
  poll,
  prepared,
  ROUTER_PATH,
  undoOf,
  verdict,
  type Worldly,
} from "./world.ts";

const INPUT = { connection: "k8s.scale", name: ROUTER, replicas: "+1", max: 4 };
const AUTOSCALERS = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`;

/** `k8s.scale`, with the rights that deploy/README.md grants it. */
export function scaleTests(world: Worldly): void {
  beforeEach(() => renewDeployment(world().admin, ROUTER));
  afterEach(() => world().admin("DELETE", AUTOSCALERS));
  const replicas = async () => (await readDeployment(world().admin, ROUTER)).spec.replicas;
  const uid = async () => (await readDeployment(world().admin, ROUTER)).metadata.uid;

  test("a step up is done when the controller has made the pods, and its revert brings the former count back", async () => {
    const output = await finish(world(), scale, INPUT);
    assert.deepEqual(output, { replicas: 3, former: 2, changed: true, uid: await uid() });
    assert.equal(await replicas(), 3);
    const undo = undoOf(scale, INPUT, output);
    await finish(world(), scale, undo);
    assert.equal(await replicas(), 2);
  });

  test("a dry run is accepted by the API server and stores nothing", async () => {
    const first = await readDeployment(world().admin, ROUTER);
    const output = outputOf(await perform(scale, INPUT, newContext(world(), { dryRun: true })));
    assert.deepEqual(output, { replicas: 3, former: 2, changed: true, uid: await uid() });
    assert.deepEqual(await readDeployment(world().admin, ROUTER), first);
  });

  test("after a crash the count tells, and the same step again adds nothing", async () => {
    const ctx = newContext(world());
    const before = await prepared(scale, INPUT, ctx);
    assert.equal(await verdict(scale, INPUT, ctx, before), "not-done");
    for (let attempt = 0; attempt < 2; attempt++) assert.ok((await scale.run(INPUT, ctx, before)).ok);
    assert.equal(await replicas(), 3);
    assert.equal((await readDeployment(world().admin, ROUTER)).metadata.generation, 2);
    assert.equal(await verdict(scale, INPUT, ctx, before), "done");
    await patchDeployment(world().admin, ROUTER, { spec: { replicas: 7 } });
    assert.equal(await verdict(scale, INPUT, ctx, before), "unknown");
  });

  test("a race over something else is built anew, one over the count is lost", async () => {
    await begin(scale, INPUT, contested(world(), ROUTER_PATH, [{ metadata: { labels: { turn: "1" } } }]));
    assert.equal(await replicas(), 3);
    const lost = failureOf(await perform(scale, INPUT, contested(world(), ROUTER_PATH, [{ spec: { replicas: 6 } }])));
    assert.deepEqual([lost.reason, lost.sent, lost.retryable], ["conflict", "refused", false]);
    assert.equal(await replicas(), 6);
  });

  test("a scaling that somebody changes, or whose pods do not come, fails", async () => {
    const ctx = newContext(world());
    const handle = await begin(scale, INPUT, ctx);
    await failRollout(world().admin, ROUTER);
    assert.equal(failureOf(await poll(scale, handle, ctx)).reason, "target_failed");
    await patchDeployment(world().admin, ROUTER, { spec: { replicas: 1 } });
    assert.equal(failureOf(await poll(scale, handle, ctx)).reason, "superseded");
    const undo = undoOf(scale, INPUT, { replicas: 3, former: 2, changed: true });
    assert.equal(failureOf(await perform(scale, undo, ctx)).reason, "conflict");
  });

  test("a Deployment without a single replica is scaled up", async () => {
    await patchDeployment(world().admin, ROUTER, { spec: { replicas: 0 } });
    const output = await finish(world(), scale, INPUT);
    assert.deepEqual(output, { replicas: 1, former: 0, changed: true, uid: await uid() });
  });

  test("a Deployment that was deleted and made anew is not scaled back, though its count is the one that was set", async () => {
    const undo = undoOf(scale, INPUT, await finish(world(), scale, INPUT));
    await renewDeployment(world().admin, ROUTER);
    await patchDeployment(world().admin, ROUTER, { spec: { replicas: 3 } });
    const refused = failureOf(await perform(scale, undo, newContext(world())));
    assert.deepEqual([refused.reason, await replicas()], ["conflict", 3]);
  });

  test("a Deployment that an autoscaler owns is left to it; another one's does not matter", async () => {
    const autoscaler = (name: string) => ({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: `${name}-hpa` },
      spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name }, minReplicas: 1, maxReplicas: 5 },
    });
    await world().admin("POST", AUTOSCALERS, autoscaler("vllm-engine"));
    await begin(scale, INPUT, newContext(world()));
    await world().admin("POST", AUTOSCALERS, autoscaler(ROUTER));
    const refused = failureOf(await perform(scale, INPUT, newContext(world())));
    assert.match(refused.message, /the autoscaler litellm-router-hpa would undo it/);
    assert.equal(await replicas(), 3);
  });

  test("what is not there is not found", async () => {
    await world().admin("DELETE", ROUTER_PATH);
    assert.equal(failureOf(await perform(scale, INPUT, newContext(world()))).reason, "not_found");
  });
}
