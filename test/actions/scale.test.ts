import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import fc from "fast-check";
import { resolveCount } from "../../src/actions/count.ts";
import { ecsDescribeTasks } from "../../src/actions/ecs/describe-tasks.ts";
import { ecsListTasks } from "../../src/actions/ecs/list-tasks.ts";
import { ecsScale } from "../../src/actions/ecs/scale.ts";
import { k8sScale } from "../../src/actions/kubernetes/scale.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { complete, connectionsOf, contextOf, failureOf, outputOf, perform, useEcs, useKubeconfig } from "./support.ts";

const SERVICE = { cluster: "prod", service: "litellm" };
const ROUTER = { name: "litellm-router" };

let ecs: EcsStub;
let kubernetes: KubernetesStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  [ecs, kubernetes] = await Promise.all([startEcsStub(), startKubernetesStub()]);
  useEcs(ecs.url);
  useKubeconfig(kubernetes.writeKubeconfig);
  connections = connectionsOf({
    ecs: { poc: {} },
    kubernetes: { primarch: { context: "prod", namespace: "primarch" } },
  });
});
beforeEach(() => {
  ecs.heal();
  ecs.rescale("prod", "litellm", 2);
  ecs.effects.length = 0;
  kubernetes.heal();
  kubernetes.renew();
  kubernetes.autoscalers.clear();
  kubernetes.effects.length = 0;
});
after(async () => {
  await connections.close();
  await Promise.all([ecs.close(), kubernetes.close()]);
});

const context = () => contextOf(connections);
const ecsScaled = (over: object) => complete(ecsScale, { ...SERVICE, ...over }, context());
const k8sScaled = (over: object) => complete(k8sScale, { ...ROUTER, ...over }, context());

test("a count is never above max, never below the present by surprise, and a step is a step", () => {
  const steps = fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: 1, max: 50 }).map((n) => `+${n}`),
    fc.integer({ min: 1, max: 50 }).map((n) => `-${n}`),
  );
  const present = fc.integer({ min: 0, max: 50 });
  fc.assert(
    fc.property(steps, present, fc.integer({ min: 1, max: 40 }), fc.boolean(), (wanted, now, max, allowDown) => {
      const resolved = resolveCount("x", { wanted, max, allowDown }, now);
      if (!resolved.ok) return;
      assert.ok(resolved.to <= max && resolved.to >= 0);
      if (typeof wanted === "string" && wanted.startsWith("+")) assert.ok(resolved.to > now);
      if (typeof wanted === "string" && wanted.startsWith("-")) assert.ok(resolved.to >= 1);
      if (typeof wanted === "number" && !allowDown) assert.ok(resolved.to >= now);
    }),
  );
});

test("a step adds to what is there and stops at its ceiling", async () => {
  assert.deepEqual(outputOf(await ecsScaled({ desired: "+1", max: 4 })), { desired: 3, former: 2, changed: true });
  assert.deepEqual(outputOf(await ecsScaled({ desired: "+5", max: 4 })), { desired: 4, former: 3, changed: true });
  assert.match(failureOf(await ecsScaled({ desired: "+1", max: 4 })).message, /there are 4 already, and 4 is the most/);
  const { uid, ...scaled } = outputOf(await k8sScaled({ replicas: "+2", max: 9 }));
  assert.deepEqual([scaled, uid], [{ replicas: 4, former: 2, changed: true }, "uid-litellm-router"]);
  assert.equal(ecsScale.input.safeParse({ ...SERVICE, desired: "+1" }).success, false, "no rise without a ceiling");
  for (const desired of ["2", "+0", "*2", "+1.5", -1, 1.5])
    assert.equal(ecsScale.input.safeParse({ ...SERVICE, desired, max: 4 }).success, false);
});

test("a step down never ends the last", async () => {
  ecs.rescale("prod", "litellm", 1);
  assert.match(failureOf(await ecsScaled({ desired: "-1" })).message, /a step never ends the last; write 0/);
  assert.equal(outputOf(await ecsScaled({ desired: 0, allowDown: true })).desired, 0);
});

test("an absolute count does not end tasks by surprise", async () => {
  assert.match(failureOf(await ecsScaled({ desired: 1 })).message, /fewer than the present 2; set allowDown/);
  assert.match(failureOf(await k8sScaled({ replicas: 1 })).message, /fewer than the present 2; set allowDown/);
  assert.equal(ecs.effects.length + kubernetes.effects.length, 0);
  assert.equal(outputOf(await ecsScaled({ desired: 1, allowDown: true })).desired, 1);
});

test("the count found when the step was resolved is the precondition", async () => {
  const prepared = await ecsScale.prepare?.({ ...SERVICE, desired: "+1", max: 9 }, context());
  assert.ok(prepared?.ok);
  ecs.rescale("prod", "litellm", 5);
  const lost = failureOf(await ecsScale.run({ ...SERVICE, desired: "+1", max: 9 }, context(), prepared.before));
  assert.deepEqual([lost.reason, lost.sent], ["conflict", "refused"]);
  kubernetes.deployment("litellm-router").spec.replicas = 5;
  const late = failureOf(await k8sScale.run({ ...ROUTER, replicas: "+1", max: 9 }, context(), { from: 2, to: 3 }));
  assert.equal(late.reason, "conflict");
  assert.equal(ecs.effects.length + kubernetes.effects.length, 0);
});

test("a step that ran already adds nothing when it is run again", async () => {
  for (let turn = 0; turn < 2; turn++) {
    outputOf(await resume(ecsScale, { ...SERVICE, desired: "+1", max: 9 }));
    outputOf(await resume(k8sScale, { ...ROUTER, replicas: "+1", max: 9 }));
  }
  assert.deepEqual([ecs.effects.length, kubernetes.effects.length], [1, 1]);
});

/** The second attempt of a step gets what the first one recorded. */
async function resume(action: typeof ecsScale, input: object) {
  const ctx = context();
  let result = await action.run({ ...input }, ctx, { from: 2, to: 3 });
  while (result.ok && !result.done) result = (await action.poll?.(result.handle, ctx)) ?? result;
  return result;
}

test("a count that may have been put back after a crash is not changed again", async () => {
  const wanted = { ...ROUTER, replicas: 3 };
  const prepared = await k8sScale.prepare?.(wanted, context());
  assert.ok(prepared?.ok);
  const { before } = prepared;
  const look = async () => (await k8sScale.reconcile?.(wanted, context(), { at: 0, attempt: 1, before }))?.verdict;
  assert.equal(await look(), "not-done");
  outputOf(await complete(k8sScale, wanted, context()));
  outputOf(await k8sScaled({ replicas: 2, allowDown: true }));
  assert.equal(await look(), "unknown");
});

test("a Deployment that was deleted and made anew since is not scaled back, nor taken for scaled", async () => {
  const wanted = { ...ROUTER, replicas: 3 };
  const prepared = await k8sScale.prepare?.(wanted, context());
  assert.ok(prepared?.ok);
  const undo = k8sScale.revert?.(wanted, outputOf(await complete(k8sScale, wanted, context())));
  assert.ok(undo);
  kubernetes.deployment("litellm-router").metadata.uid = "uid-anew";
  const refused = failureOf(await perform(k8sScale, undo.with, context()));
  assert.deepEqual([refused.reason, refused.sent], ["conflict", "refused"]);
  assert.match(refused.message, /scaling deployment litellm-router to 2: it was deleted and made anew since/);
  const { before } = prepared;
  assert.equal((await k8sScale.reconcile?.(wanted, context(), { at: 0, attempt: 1, before }))?.verdict, "unknown");
  const late = failureOf(await k8sScale.run({ ...ROUTER, replicas: 2, allowDown: true }, context(), before));
  assert.equal(late.reason, "conflict");
  assert.equal(kubernetes.effects.length, 1);
});

test("a revert is refused when somebody scaled since", async () => {
  const undo = ecsScale.revert?.(
    { ...SERVICE, desired: "+1", max: 4 },
    outputOf(await ecsScaled({ desired: "+1", max: 4 })),
  );
  ecs.rescale("prod", "litellm", 7);
  assert.equal(failureOf(await perform(ecsScale, undo?.with ?? {}, context())).reason, "conflict");
  const other = k8sScale.revert?.({ ...ROUTER, replicas: 3 }, outputOf(await k8sScaled({ replicas: 3 })));
  kubernetes.deployment("litellm-router").spec.replicas = 7;
  assert.equal(failureOf(await perform(k8sScale, other?.with ?? {}, context())).reason, "conflict");
});

test("a Deployment that an autoscaler owns is left to it; where none can be listed, none is assumed", async () => {
  kubernetes.autoscalers.set("litellm-router", "router-hpa");
  assert.match(failureOf(await k8sScaled({ replicas: 3 })).message, /the autoscaler router-hpa would undo it/);
  kubernetes.fail({ kind: "status", status: 403 }, { on: /horizontalpodautoscalers/ });
  assert.equal(outputOf(await k8sScaled({ replicas: 3 })).replicas, 3);
});

test("a scaling that somebody changes meanwhile is superseded", async () => {
  const started = await perform(k8sScale, { ...ROUTER, replicas: 3 }, context());
  assert.ok(started.ok && !started.done);
  kubernetes.deployment("litellm-router").spec.replicas = 1;
  const polled = await k8sScale.poll?.(started.handle, context());
  assert.equal(failureOf(polled).reason, "superseded");
});

test("tasks are listed running and stopped, and told why they ended", async () => {
  assert.deepEqual(outputOf(await ecsListTasks.run(SERVICE, context())), {
    running: ["aaaa1111"],
    stopped: ["bbbb2222"],
  });
  const output = outputOf(await ecsDescribeTasks.run({ ...SERVICE, status: "STOPPED" }, context()));
  assert.deepEqual([output.count, output.outOfMemory, output.unhealthy], [1, 1, 0]);
  assert.match(JSON.stringify(output.tasks), /"exitCode":137/);
});

test("tasks beyond the first fifty count", async () => {
  const { tasks } = ecs.service("prod", "litellm");
  const [running] = tasks.filter(({ lastStatus }) => lastStatus === "RUNNING");
  assert.ok(running);
  const more = Array.from({ length: 70 }, (_, index) => ({ ...running, id: `more${index}` }));
  tasks.push(...more);
  try {
    assert.equal(outputOf(await ecsDescribeTasks.run({ ...SERVICE, status: "RUNNING" }, context())).count, 71);
  } finally {
    tasks.splice(-more.length);
  }
});

test("a step is the same as a number from the present one, and says so before anybody agrees", () => {
  const before = { from: 2, to: 3 };
  for (const [action, input, field] of [
    [ecsScale, { ...SERVICE, desired: "+1", max: 4 }, "desired"],
    [k8sScale, { ...ROUTER, replicas: "+1", max: 4 }, "replicas"],
  ] as const) {
    assert.equal(action.relative?.isIn(input), true);
    const absolute = action.relative?.resolve(input, before) ?? {};
    assert.equal(action.relative?.isIn(absolute), false);
    assert.deepEqual([absolute[field], absolute["expected"], absolute["max"]], [3, 2, 4]);
    assert.match(action.describe(absolute), / to 3, at most 4, only from 2$/);
  }
});

test("a step down to a number stays allowed, and is called only from the count that was seen", async () => {
  const input = { ...SERVICE, desired: "-1" };
  const absolute = ecsScale.relative?.resolve(input, { from: 2, to: 1 }) ?? {};
  ecs.rescale("prod", "litellm", 5);
  assert.equal(failureOf(await perform(ecsScale, absolute, context())).reason, "conflict");
  ecs.rescale("prod", "litellm", 2);
  assert.deepEqual(outputOf(await complete(ecsScale, absolute, context())), { desired: 1, former: 2, changed: true });
});
