import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { settingsGet } from "../../../src/actions/settings/get.ts";
import { settingsSet } from "../../../src/actions/settings/set.ts";
import { failureOf, outputOf, perform } from "../../actions/support.ts";
import type { Json } from "./cluster.ts";
import {
  CONFIG_MAPS,
  failRollout,
  patchConfigMap,
  patchDeployment,
  ROUTER,
  readConfigMap,
  readDeployment,
  renewConfigMap,
  renewDeployment,
} from "./objects.ts";
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

const MAP = "gateway-settings";
const STORED = { FALLBACK_ENABLED: "false", SHED_RATE: "0", MODE: "normal" };
const IN_MAP = { connection: "configmap", name: "SHED_RATE", value: 0.1 };
const IN_PODS = { connection: "deployment-env", name: "MODE", value: "cheap" };

/** Settings of the kinds `configmap` and `deployment-env`, with the rights that deploy/README.md grants them. */
export function settingTests(world: Worldly): void {
  beforeEach(async () => {
    await renewConfigMap(world().admin, MAP, STORED);
    await renewDeployment(world().admin, ROUTER);
  });
  const get = async (connection: string, name: string) =>
    outputOf(await settingsGet.run({ connection, name }, newContext(world())))["value"];
  const set = async (input: object, over: object = {}) =>
    perform(settingsSet, { ...IN_MAP, ...input }, newContext(world(), over));
  const data = async () => (await readConfigMap(world().admin, MAP)).data;

  test("a ConfigMap's keys are read by type, set one by one, and put back or removed", async () => {
    assert.deepEqual([await get("configmap", "FALLBACK_ENABLED"), await get("configmap", "SHED_RATE")], [false, 0]);
    for (const change of [IN_MAP, { ...IN_MAP, name: "UNSET", value: 5 }]) {
      const output = outputOf(await set(change));
      assert.deepEqual(await data(), { ...STORED, [change.name]: `${change.value}` });
      outputOf(await perform(settingsSet, undoOf(settingsSet, change, output), newContext(world())));
      assert.deepEqual(await data(), STORED);
    }
  });

  test("the only key of a ConfigMap is removed and set again", async () => {
    await renewConfigMap(world().admin, MAP, { SHED_RATE: "0.1" });
    outputOf(await set({ value: null }));
    assert.equal(await data(), undefined);
    assert.equal(await get("configmap", "SHED_RATE"), null);
    outputOf(await set({ value: 0.2 }));
    assert.deepEqual(await data(), { SHED_RATE: "0.2" });
  });

  test("dry runs are accepted by the API server and store nothing", async () => {
    const map = await readConfigMap(world().admin, MAP);
    const pods = await readDeployment(world().admin, ROUTER);
    outputOf(await set({}, { dryRun: true }));
    outputOf(await set(IN_PODS, { dryRun: true }));
    assert.deepEqual(await readConfigMap(world().admin, MAP), map);
    assert.deepEqual(await readDeployment(world().admin, ROUTER), pods);
  });

  test("after a crash value and mark tell, in both places", async () => {
    const changes = [
      [IN_MAP, () => patchConfigMap(world().admin, MAP, { data: { SHED_RATE: "0.4" } })],
      [IN_PODS, () => patchDeployment(world().admin, ROUTER, variableSet("MODE", "wild"))],
    ] as const;
    for (const [change, replace] of changes) {
      const ctx = newContext(world());
      const before = await prepared(settingsSet, change, ctx);
      assert.equal(await verdict(settingsSet, change, ctx, before), "not-done");
      assert.ok((await settingsSet.run(change, ctx, before)).ok);
      assert.equal(await verdict(settingsSet, change, ctx, before), "done");
      await replace();
      assert.equal(await verdict(settingsSet, change, ctx, before), "superseded");
    }
  });

  test("a race over something else is built anew, one over the setting is lost, in both places", async () => {
    const places = [
      ["configmap", `${CONFIG_MAPS}/${MAP}`, { data: { MODE: "cheap" } }, { data: { SHED_RATE: "0.4" } }],
      ["deployment-env", ROUTER_PATH, { metadata: { labels: { turn: "1" } } }, variableSet("SHED_RATE", "0.4")],
    ] as const;
    for (const [connection, path, other, same] of places) {
      const change = { ...IN_MAP, connection };
      assert.ok((await perform(settingsSet, change, contested(world(), path, [other]))).ok);
      const again = contested(world(), path, [same]);
      const lost = failureOf(await perform(settingsSet, { ...change, value: 0.2 }, again));
      assert.deepEqual([lost.reason, lost.sent, lost.retryable], ["conflict", "refused", false]);
      assert.equal(await get(connection, "SHED_RATE"), 0.4);
    }
    assert.deepEqual(await data(), { ...STORED, MODE: "cheap", SHED_RATE: "0.4" });
  });

  test("a variable is in force when the controller has rolled it out, and is put back", async () => {
    const output = await finish(world(), settingsSet, IN_PODS);
    assert.deepEqual(output, { name: "MODE", value: "cheap", former: "normal", changed: true });
    assert.equal(await get("deployment-env", "MODE"), "cheap");
    await finish(world(), settingsSet, undoOf(settingsSet, IN_PODS, output));
    assert.equal(await get("deployment-env", "MODE"), "normal");
  });

  test("a rollout that fails fails the setting; a paused Deployment is read and not written", async () => {
    const ctx = newContext(world());
    const handle = await begin(settingsSet, IN_PODS, ctx);
    await failRollout(world().admin, ROUTER);
    assert.equal(failureOf(await poll(settingsSet, handle, ctx)).reason, "target_failed");
    await patchDeployment(world().admin, ROUTER, { spec: { paused: true } });
    assert.equal(await get("deployment-env", "MODE"), "cheap");
    assert.match(failureOf(await set({ ...IN_PODS, value: "normal" })).message, /it is paused; resume it first/);
  });

  test("an immutable ConfigMap refuses, and what is not there is not found", async () => {
    await patchConfigMap(world().admin, MAP, { immutable: true });
    assert.deepEqual([failureOf(await set({})).reason, failureOf(await set({})).sent], ["refused", "refused"]);
    await world().admin("DELETE", `${CONFIG_MAPS}/${MAP}`);
    await world().admin("DELETE", ROUTER_PATH);
    for (const change of [IN_MAP, IN_PODS]) assert.equal(failureOf(await set(change)).reason, "not_found");
  });
}

/** What somebody else does to the only container. */
function variableSet(name: string, value: string): Json {
  const containers = [{ name: ROUTER, image: "registry.example.com/x:1", env: [{ name, value }] }];
  return { spec: { template: { spec: { containers } } } };
}
