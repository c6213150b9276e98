import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { settingsSet } from "../../src/actions/settings/set.ts";
import type { Lease } from "../../src/core/lease.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { newConfigMap } from "../stubs/kubernetes-world.ts";
import { constant, createWorld, playbook, step } from "../support/engine.ts";
import { connectionsOf, RULES, useKubeconfig } from "./support.ts";

const HOUR = 3_600_000;
const MAP = "k8s:prod/primarch/configmap/gateway-settings";

let kubernetes: KubernetesStub;
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  kubernetes = await startKubernetesStub();
  useKubeconfig(kubernetes.writeKubeconfig);
  connections = connectionsOf({
    kubernetes: { primarch: { context: "prod", namespace: "primarch" } },
    settings: { gateway: { kind: "configmap", kubernetes: "primarch", name: "gateway-settings", allow: RULES } },
  });
});
beforeEach(() => {
  kubernetes.configMaps.set("gateway-settings", newConfigMap("gateway-settings", { SHED_RATE: "0" }));
});
after(async () => {
  await connections.close();
  await kubernetes.close();
});

const rate = () => kubernetes.configMaps.get("gateway-settings")?.data["SHED_RATE"];

/** The engine on the memory store, with a ConfigMap's setting leased by a playbook of that target. */
async function leased(target: string, also: readonly string[] = []) {
  const world = createWorld();
  Object.assign(world.deps, { connections });
  world.actions.set("settings.set", settingsSet);
  const shed = step("shed", "settings.set", {
    with: constant({ connection: "gateway", name: "SHED_RATE", value: 0.1 }),
    lease: { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" } },
  });
  const more = { target: constant(target), alsoTargets: also.map(constant) };
  world.playbooks.set("p", playbook("p", [shed], more));
  await world.open("p");
  await world.drain();
  const lease = async () => {
    const [id = ""] = (await world.store.page("leases", { limit: 5 })).members;
    return (await world.store.get<Lease>("lease", id))?.body.status;
  };
  return { world, lease };
}

test("a setting in a ConfigMap is back when its lease ends", async () => {
  const { world, lease } = await leased(MAP);
  assert.deepEqual([rate(), await lease()], ["0.1", "active"]);
  await world.pass(HOUR - 60_000);
  assert.equal(rate(), "0.1");
  await world.pass(120_000);
  assert.deepEqual([rate(), await lease()], ["0", "reverted"]);
});

test("a playbook of the settings names the ConfigMap in also-targets, or its step is refused", async () => {
  const named = await leased("settings:gateway", [MAP]);
  assert.equal(rate(), "0.1");
  await named.world.pass(HOUR + 60_000);
  assert.equal(rate(), "0");
  const { world } = await leased("settings:gateway");
  assert.equal(rate(), "0");
  assert.match(
    (await world.timeline()).join("\n"),
    /configmap\/gateway-settings is neither the run's target nor one of also-targets/,
  );
});

test("what somebody else has changed under the lease stays, and a person is called", async () => {
  const { world, lease } = await leased(MAP);
  kubernetes.configMaps.set("gateway-settings", newConfigMap("gateway-settings", { SHED_RATE: "0.3" }));
  await world.pass(HOUR + 60_000);
  assert.deepEqual([rate(), await lease()], ["0.3", "failed"]);
});
