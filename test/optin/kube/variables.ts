import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { k8sSetEnv as setEnv } from "../../../src/actions/kubernetes/set-env.ts";
import { failureOf, outputOf, perform } from "../../actions/support.ts";
import { patchDeployment, ROUTER, readDeployment, renewDeployment } from "./objects.ts";
import { begin, contested, finish, newContext, prepared, ROUTER_PATH, undoOf, verdict, type Worldly } from "./world.ts";

const INPUT = { connection: "k8s.set-env", name: ROUTER, env: "MAX_BATCH_SIZE", value: "16" };

/** `k8s.set-env`, with the rights that deploy/README.md grants it. */
export function variableTests(world: Worldly): void {
  beforeEach(() => renewDeployment(world().admin, ROUTER));
  const stored = () => readDeployment(world().admin, ROUTER);
  const variables = async () => (await stored()).spec.template.spec.containers[0]?.env;
  const setTo = (value: string) => ({
    spec: { template: { spec: { containers: [{ name: ROUTER, image: "x", env: [{ name: "MODE", value }] }] } } },
  });

  test("a new variable is set beside the others, and removed again", async () => {
    const former = await variables();
    const output = await finish(world(), setEnv, INPUT);
    assert.deepEqual([output["former"], output["value"], output["changed"]], [null, "16", true]);
    const set = await variables();
    assert.deepEqual(
      set?.toSorted(byName),
      [...(former ?? []), { name: "MAX_BATCH_SIZE", value: "16" }].toSorted(byName),
    );
    await finish(world(), setEnv, undoOf(setEnv, INPUT, output));
    assert.deepEqual(await variables(), former);
  });

  test("a new variable goes last, so that it can refer to the others", async () => {
    const former = await variables();
    const value = "http://$(MODE)";
    const undo = undoOf(setEnv, INPUT, await finish(world(), setEnv, { ...INPUT, value }));
    assert.deepEqual(await variables(), [...(former ?? []), { name: "MAX_BATCH_SIZE", value }]);
    await finish(world(), setEnv, { ...undo, expected: value });
    assert.deepEqual(await variables(), former);
  });

  test("a variable that is listed twice is left alone: only the last one counts, and only the first would change", async () => {
    await renewDeployment(world().admin, ROUTER, {}, [
      { name: "MODE", value: "normal" },
      { name: "LOG_LEVEL", value: "info" },
      { name: "MODE", value: "cheap" },
    ]);
    const first = await stored();
    const refused = failureOf(await perform(setEnv, { ...INPUT, env: "MODE", value: "free" }, newContext(world())));
    assert.match(refused.message, /it is listed twice; leave one/);
    assert.deepEqual(await stored(), first);
    await finish(world(), setEnv, INPUT);
    assert.deepEqual(
      (await variables())?.map(({ name }) => name),
      ["MODE", "MODE", "LOG_LEVEL", "MAX_BATCH_SIZE"],
    );
  });

  test("a variable that was set gets its value, an empty one too, and the former one back", async () => {
    const former = await variables();
    for (const [env, value] of [
      ["MODE", "cheap"],
      ["MODE", ""],
      ["EMPTY", "full"],
      ["EMPTY", null],
    ] as const) {
      const input = { ...INPUT, env, value };
      const output = await finish(world(), setEnv, input);
      const now = (await variables())?.find(({ name }) => name === env);
      assert.equal(value === null ? now : (now?.["value"] ?? ""), value ?? undefined);
      await finish(world(), setEnv, undoOf(setEnv, input, output));
      assert.deepEqual((await variables())?.toSorted(byName), former?.toSorted(byName));
    }
  });

  test("a dry run is accepted by the API server and stores nothing", async () => {
    const first = await stored();
    const output = outputOf(await perform(setEnv, INPUT, newContext(world(), { dryRun: true })));
    assert.deepEqual([output["detail"], output["generation"], output["changed"]], ["dry run: accepted", 2, true]);
    assert.deepEqual(await stored(), first);
  });

  test("after a crash the value tells, and the same change again replaces no pods", async () => {
    const ctx = newContext(world());
    const before = await prepared(setEnv, INPUT, ctx);
    assert.equal(await verdict(setEnv, INPUT, ctx, before), "not-done");
    for (let attempt = 0; attempt < 2; attempt++) assert.ok((await setEnv.run(INPUT, ctx, before)).ok);
    assert.equal((await stored()).metadata.generation, 2);
    assert.equal(await verdict(setEnv, INPUT, ctx, before), "done");
    await begin(setEnv, { ...INPUT, value: "32" }, newContext(world()));
    assert.equal(await verdict(setEnv, INPUT, ctx, before), "unknown");
    const undo = undoOf(setEnv, INPUT, {
      generation: 2,
      replicas: 2,
      detail: "",
      value: "16",
      former: null,
      changed: true,
    });
    assert.equal(failureOf(await perform(setEnv, undo, newContext(world()))).reason, "conflict");
  });

  test("a race over something else is built anew, one over the variable is lost", async () => {
    const input = { ...INPUT, env: "MODE", value: "cheap" };
    await begin(setEnv, input, contested(world(), ROUTER_PATH, [{ metadata: { labels: { turn: "1" } } }]));
    const lost = failureOf(
      await perform(setEnv, { ...input, value: "free" }, contested(world(), ROUTER_PATH, [setTo("wild")])),
    );
    assert.deepEqual([lost.reason, lost.sent, lost.retryable], ["conflict", "refused", false]);
    assert.deepEqual(await variables(), [{ name: "MODE", value: "wild" }]);
  });

  test("paused Deployments, values from elsewhere, an unnamed one of several containers and nobody are left alone", async () => {
    const refusal = async (over: object) =>
      failureOf(await perform(setEnv, { ...INPUT, ...over }, newContext(world())));
    assert.match((await refusal({ env: "UPSTREAM" })).message, /comes from elsewhere/);
    assert.equal((await refusal({ name: "vllm-nobody" })).reason, "denied", "the role names what there is");
    const containers = ["a", "b"].map((name) => ({ name, image: "registry.example.com/x:1" }));
    await patchDeployment(world().admin, ROUTER, { spec: { template: { spec: { containers } } } });
    assert.match((await refusal({})).message, /name one of its containers: a, b/);
    await begin(setEnv, { ...INPUT, container: "b" }, newContext(world()));
    await patchDeployment(world().admin, ROUTER, { spec: { paused: true } });
    assert.match((await refusal({ container: "a" })).message, /it is paused/);
    await world().admin("DELETE", ROUTER_PATH);
    assert.equal((await refusal({})).reason, "not_found");
  });
}

function byName(a: Record<string, unknown>, b: Record<string, unknown>): number {
  return String(a["name"]).localeCompare(String(b["name"]));
}
