import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { settingsSet } from "../../src/actions/settings/set.ts";
import type { Lease } from "../../src/core/lease.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { newConfigMap } from "../stubs/kubernetes-world.ts";
import { ANNA, constant, createWorld, playbook, scripted, step } from "../support/engine.ts";
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
    settings: {
      gateway: { kind: "configmap", kubernetes: "primarch", name: "gateway-settings", allow: RULES },
      twin: { kind: "configmap", kubernetes: "primarch", name: "gateway-settings", allow: RULES },
      other: { kind: "configmap", kubernetes: "primarch", name: "other-settings", allow: RULES },
    },
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

test("a playbook names the settings, whatever holds them, and may still name the ConfigMap", async () => {
  for (const also of [[], [MAP]]) {
    const { world, lease } = await leased("settings:gateway", also);
    assert.equal(rate(), "0.1");
    await world.pass(HOUR + 60_000);
    assert.deepEqual([rate(), await lease()], ["0", "reverted"]);
  }
});

test("other settings, and names of no settings, do not stand for the ConfigMap", async () => {
  for (const target of ["settings:other", "settings:unknown", "settings:", "redis:gateway"]) {
    const { world } = await leased(target);
    assert.equal(rate(), "0", target);
    assert.match(
      (await world.timeline()).join("\n"),
      /configmap\/gateway-settings is neither the run's target nor one of also-targets/,
    );
  }
});

test("two names of one ConfigMap are one lock and one thing to pause", async () => {
  for (const [target, waits] of [
    ["settings:gateway", true],
    ["settings:twin", true],
    [MAP, true],
    ["settings:other", false],
  ] as const) {
    const { world } = await leased("settings:gateway");
    const holder = scripted(world.actions, "t.hold", {
      targets: () => [target === MAP ? MAP : (connections.lockKey?.(target) ?? "")],
      answer: () => ({ ok: true, done: false, handle: {}, pollAfter: 5_000 }),
      poll: async () => ({ ok: true, done: false, handle: {}, pollAfter: 5_000 }),
    });
    world.playbooks.set(
      "hold",
      playbook("hold", [step("hold", "t.hold", { timeout: HOUR })], { target: constant(target) }),
    );
    await world.open("hold", { id: "inc-2", key: "service=b" });
    await world.drain();
    const id = await world.open("p", { id: "inc-3", key: "service=c" });
    await world.drain();
    assert.deepEqual(
      [holder.calls.length, (await world.run(id)).waiting?.reason],
      [1, waits ? "lock" : undefined],
      target,
    );
  }
  const { world } = await leased("settings:gateway");
  await decide(world.deps, ANNA, { verb: "pause", scope: `target:${MAP}` });
  const id = await world.open("p", { id: "inc-2", key: "service=b" });
  await world.drain();
  assert.equal((await world.run(id)).waiting?.reason, "pause");
});

test("a lock that was taken by another name is free when the run has ended", async () => {
  const { world } = await leased("settings:gateway");
  assert.deepEqual(await world.store.locks(["settings:gateway", MAP]), {});
});

test("what somebody else has changed under the lease stays, and a person is called", async () => {
  const { world, lease } = await leased(MAP);
  kubernetes.configMaps.set("gateway-settings", newConfigMap("gateway-settings", { SHED_RATE: "0.3" }));
  await world.pass(HOUR + 60_000);
  assert.deepEqual([rate(), await lease()], ["0.3", "failed"]);
});
