import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { k8sRolloutRestart as restart } from "../../../src/actions/kubernetes/rollout-restart.ts";
import { k8sRolloutStatus as status } from "../../../src/actions/kubernetes/rollout-status.ts";
import { failureOf, outputOf, perform } from "../../actions/support.ts";
import {
  failRollout,
  patchDeployment,
  ROUTER,
  readDeployment,
  removeDeployment,
  renewDeployment,
  rollOut,
} from "./objects.ts";
import { begin, contested, finish, newContext, poll, prepared, ROUTER_PATH, verdict, type Worldly } from "./world.ts";

const INPUT = { connection: "worker", name: ROUTER };
const STEP = "stanch.dev/step";
const RESTARTED = "kubectl.kubernetes.io/restartedAt";
const OTHER_IMAGE = { containers: [{ name: ROUTER, image: "registry.example.com/litellm-router:2" }] };

/** `k8s.rollout-restart` and `k8s.rollout-status`, with the rights of deploy/kubernetes/target-rbac.yaml. */
export function deploymentTests(world: Worldly): void {
  beforeEach(async () => {
    const { admin } = world();
    await renewDeployment(admin, ROUTER);
    await renewDeployment(admin, "vllm-engine", { strategy: { type: "Recreate" } });
  });
  const stored = () => readDeployment(world().admin, ROUTER);

  test("a rollout at rest is described; one that was not observed is under way", async () => {
    const read = async () => outputOf(await status.run(INPUT, newContext(world())));
    assert.deepEqual(await read(), {
      state: "complete",
      detail: "2 replicas are available",
      paused: false,
      generation: 1,
      replicas: 2,
      updated: 2,
      available: 2,
      ready: 2,
      images: ["registry.example.com/litellm-router:1.4.2"],
    });
    await patchDeployment(world().admin, ROUTER, { spec: { replicas: 0 } });
    assert.equal((await read()).state, "progressing");
    await rollOut(world().admin, ROUTER);
    assert.deepEqual([(await read()).state, (await read()).replicas, (await read()).available], ["complete", 0, 0]);
  });

  test("a restart marks pods and object, and is done when the controller has rolled it out", async () => {
    const ctx = newContext(world());
    const output = await finish(world(), restart, INPUT, ctx);
    assert.deepEqual([output["generation"], output["replicas"]], [2, 2]);
    const { metadata, spec } = await stored();
    assert.equal(metadata.annotations?.[STEP], ctx.stepKey);
    assert.deepEqual(spec.template.metadata.annotations, {
      [STEP]: ctx.stepKey,
      [RESTARTED]: new Date(ctx.now).toISOString(),
    });
  });

  test("a replay of a restart does not restart twice, another step does", async () => {
    const ctx = newContext(world());
    await begin(restart, INPUT, ctx);
    const first = await stored();
    const replayed = await perform(restart, INPUT, { ...ctx, now: ctx.now + 60_000 });
    assert.ok(replayed.ok && !replayed.done);
    assert.deepEqual(await stored(), first);
    await begin(restart, INPUT, newContext(world(), { now: ctx.now + 60_000 }));
    assert.equal((await stored()).metadata.generation, 3);
  });

  test("a dry run is accepted by the API server and stores nothing", async () => {
    const first = await stored();
    const output = outputOf(await perform(restart, INPUT, newContext(world(), { dryRun: true })));
    assert.deepEqual(output, { generation: 2, replicas: 2, detail: "dry run: accepted" });
    assert.deepEqual(await stored(), first);
  });

  test("after a crash the marks tell: not done, done, done but replaced since", async () => {
    const ctx = newContext(world());
    const before = await prepared(restart, INPUT, ctx);
    assert.equal(await verdict(restart, INPUT, ctx, before), "not-done");
    await begin(restart, INPUT, ctx);
    assert.equal(await verdict(restart, INPUT, ctx, before), "done");
    await rollOut(world().admin, ROUTER);
    assert.equal(await verdict(restart, INPUT, ctx, before), "done");
    await begin(restart, INPUT, newContext(world()));
    assert.equal(await verdict(restart, INPUT, ctx, before), "not-done", "the mark is the later step's");
    const later = newContext(world());
    await begin(restart, INPUT, later);
    const annotations = { [STEP]: null, [RESTARTED]: null };
    await patchDeployment(world().admin, ROUTER, { spec: { template: { metadata: { annotations } } } });
    assert.equal(await verdict(restart, INPUT, later, before), "superseded");
  });

  test("a lost race is built anew and restarts once; one lost again and again is a conflict", async () => {
    const change = (n: number) => ({ metadata: { labels: { turn: `${n}` } } });
    await begin(restart, INPUT, contested(world(), ROUTER_PATH, [change(1), change(2)]));
    assert.equal((await stored()).metadata.generation, 2);
    const lost = failureOf(
      await perform(restart, INPUT, contested(world(), ROUTER_PATH, [change(3), change(4), change(5)])),
    );
    assert.deepEqual([lost.reason, lost.sent], ["conflict", "refused"]);
    assert.match(lost.message, /the object has been modified/);
    assert.equal((await stored()).metadata.generation, 2);
  });

  test("a paused Deployment and the strategy Recreate are refused; with allowDowntime it restarts", async () => {
    await patchDeployment(world().admin, ROUTER, { spec: { paused: true } });
    const first = await stored();
    assert.match(
      failureOf(await perform(restart, INPUT, newContext(world()))).message,
      /it is paused; resume it first/,
    );
    assert.equal(outputOf(await status.run(INPUT, newContext(world()))).paused, true);
    assert.deepEqual(await stored(), first);
    const recreate = { ...INPUT, name: "vllm-engine" };
    assert.match(failureOf(await perform(restart, recreate, newContext(world()))).message, /allowDowntime/);
    await begin(restart, { ...recreate, allowDowntime: true }, newContext(world()));
  });

  test("a passed progress deadline, another template, a new object and none end the rollout", async () => {
    const { admin } = world();
    const ctx = newContext(world());
    const reason = async (handle: object) => failureOf(await poll(restart, { ...handle }, ctx)).reason;
    const handle = await begin(restart, INPUT, ctx);
    await failRollout(admin, ROUTER);
    assert.equal(await reason(handle), "target_failed");
    await patchDeployment(admin, ROUTER, { spec: { template: { spec: OTHER_IMAGE } } });
    assert.equal(await reason(handle), "superseded");
    await renewDeployment(admin, ROUTER);
    assert.equal(await reason(handle), "superseded");
    await removeDeployment(admin, ROUTER);
    assert.equal(await reason(handle), "not_found");
  });

  test("scaling meanwhile is no matter to a restart", async () => {
    const handle = await begin(restart, INPUT, newContext(world()));
    await patchDeployment(world().admin, ROUTER, { spec: { replicas: 3 } });
    const waiting = await poll(restart, handle, newContext(world()));
    assert.ok(waiting.ok && !waiting.done);
    await rollOut(world().admin, ROUTER);
    assert.equal(outputOf(await poll(restart, handle, newContext(world()))).replicas, 3);
  });
}
