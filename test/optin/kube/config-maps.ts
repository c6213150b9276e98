import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { k8sPatchConfigmap as patch } from "../../../src/actions/kubernetes/patch-configmap.ts";
import { ROUTER_YAML } from "../../actions/places.ts";
import { failureOf, outputOf, perform } from "../../actions/support.ts";
import { CONFIG_MAPS, patchConfigMap, readConfigMap, removeConfigMap, renewConfigMap } from "./objects.ts";
import { contested, newContext, prepared, undoOf, verdict, type Worldly } from "./world.ts";

const NAME = "litellm-config";
const KEY = "litellm_router.yaml";
const WEIGHTS = ["routing", "weights", "gpt-4-turbo"];
const INPUT = {
  connection: "k8s.patch-configmap",
  name: NAME,
  key: KEY,
  changes: [
    { path: [...WEIGHTS, "openai-gpt4-turbo"], value: 0 },
    { path: [...WEIGHTS, "azure-gpt4-turbo"], value: 100 },
  ],
};

/** `k8s.patch-configmap`, with the rights that deploy/README.md grants it. */
export function configMapTests(world: Worldly): void {
  beforeEach(() => renewConfigMap(world().admin, NAME, { [KEY]: ROUTER_YAML, other: "untouched" }));
  const stored = () => readConfigMap(world().admin, NAME);
  const changed = ROUTER_YAML.replace("turbo: 100", "turbo: 0").replace("azure-gpt4-turbo: 0", "azure-gpt4-turbo: 100");

  test("two values change, everything else stays, and the revert brings them back", async () => {
    const ctx = newContext(world());
    const output = outputOf(await perform(patch, INPUT, ctx));
    const { metadata, data } = await stored();
    assert.deepEqual(data, { [KEY]: changed, other: "untouched" });
    assert.equal(metadata.annotations?.["stanch.dev/step"], ctx.stepKey);
    outputOf(await perform(patch, undoOf(patch, INPUT, output), newContext(world())));
    assert.deepEqual((await stored()).data, { [KEY]: ROUTER_YAML, other: "untouched" });
  });

  test("a dry run is accepted by the API server and stores nothing", async () => {
    const first = await stored();
    assert.equal(outputOf(await perform(patch, INPUT, newContext(world(), { dryRun: true })))["changed"], true);
    assert.deepEqual(await stored(), first);
  });

  test("after a crash the values tell, and the same change again writes nothing", async () => {
    const ctx = newContext(world());
    const before = await prepared(patch, INPUT, ctx);
    assert.equal(await verdict(patch, INPUT, ctx, before), "not-done");
    outputOf(await patch.run(INPUT, ctx, before));
    const first = await stored();
    assert.equal(outputOf(await patch.run(INPUT, ctx, before))["changed"], true);
    assert.deepEqual(await stored(), first);
    assert.equal(await verdict(patch, INPUT, ctx, before), "done");
    await patchConfigMap(world().admin, NAME, { data: { [KEY]: changed.replace("100", "40") } });
    assert.equal(await verdict(patch, INPUT, ctx, before), "superseded", "the mark tells that it was made");
  });

  test("a change between reading and writing is a conflict, and is not written over", async () => {
    const meanwhile = { data: { [KEY]: ROUTER_YAML.replace("simple", "weighted") } };
    const lost = failureOf(await perform(patch, INPUT, contested(world(), `${CONFIG_MAPS}/${NAME}`, [meanwhile])));
    assert.deepEqual([lost.reason, lost.sent], ["conflict", "refused"]);
    assert.deepEqual((await stored()).data, { ...meanwhile.data, other: "untouched" });
  });

  test("an immutable ConfigMap, a missing key, one of nobody and one that is not named are told", async () => {
    const refusal = async (over: object) => failureOf(await perform(patch, { ...INPUT, ...over }, newContext(world())));
    assert.equal((await refusal({ key: "none" })).reason, "not_found");
    assert.equal((await refusal({ name: "nobody" })).reason, "denied", "the role names what there is");
    await patchConfigMap(world().admin, NAME, { immutable: true });
    const immutable = await refusal({});
    assert.deepEqual([immutable.reason, immutable.sent], ["refused", "refused"]);
    assert.match(immutable.message, /immutable/);
    await removeConfigMap(world().admin, NAME);
    assert.equal((await refusal({})).reason, "not_found");
  });
}
