import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settingsGet } from "../../src/actions/settings/get.ts";
import { settingsSet } from "../../src/actions/settings/set.ts";
import type { Config } from "../../src/core/config.ts";
import { connectionsOf, contextOf, outputOf, RULES, useEcs, useKubeconfig } from "../actions/support.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { newConfigMap } from "../stubs/kubernetes-world.ts";
import { type SettingsStub, startSettingsStub } from "../stubs/settings.ts";
import { shipped, worldOf } from "./shipped.ts";

const MINUTE = 60_000;
const allow = RULES;

let gateway: SettingsStub;
let kubernetes: KubernetesStub;
let ecs: EcsStub;

before(async () => {
  [gateway, kubernetes, ecs] = await Promise.all([startSettingsStub(), startKubernetesStub(), startEcsStub()]);
  useKubeconfig(kubernetes.writeKubeconfig);
  useEcs(ecs.url);
  kubernetes.configMaps.set("gateway-settings", newConfigMap("gateway-settings", { FALLBACK_ENABLED: "false" }));
  Object.assign(kubernetes.next, { outcome: "complete", after: 0 });
});
after(async () => {
  await Promise.all([gateway.close(), kubernetes.close(), ecs.close()]);
});

const KINDS: readonly Config["connections"]["settings"][string][] = [
  { kind: "http", http: "router", path: "/settings", allow },
  { kind: "configmap", kubernetes: "primarch", name: "gateway-settings", allow },
  { kind: "deployment-env", kubernetes: "primarch", deployment: "litellm-router", allow },
  { kind: "ecs-env", ecs: "poc", cluster: "prod", service: "litellm", allow },
];

/** The real connections with the gateway's settings kept in this place; the provider fails, the gateway answers. */
function play(settings: (typeof KINDS)[number]) {
  const connections = connectionsOf({
    http: { router: { baseUrl: gateway.url, allowPrivate: true, headers: {} } },
    kubernetes: { primarch: { context: "prod", namespace: "primarch" } },
    ecs: { poc: { region: "us-west-1" } },
    settings: { gateway: settings },
  });
  const { world } = worldOf(shipped("llm-fallback-enable"), "", {
    "prometheus.query": ({ query }) => ({
      value: String(query).includes("provider") ? 0.4 : String(query).includes("increase") ? 500 : 0.001,
    }),
  });
  Object.assign(world.deps, { connections });
  for (const action of [settingsGet, settingsSet]) world.actions.set(action.name, action);
  const value = async () => {
    const read = await settingsGet.run({ connection: "gateway", name: "FALLBACK_ENABLED" }, contextOf(connections));
    return outputOf(read)["value"];
  };
  return { world, connections, value };
}

for (const settings of KINDS) {
  test(`the shipped playbooks work unchanged where the settings are ${settings.kind}`, async () => {
    const { world, connections, value } = play(settings);
    try {
      const former = await value();
      await world.open("llm-fallback-enable");
      await world.pass(10 * MINUTE);
      assert.equal(await value(), true, (await world.timeline()).join("\n"));
      await world.pass(120 * MINUTE);
      assert.equal(await value(), former, (await world.timeline()).join("\n"));
    } finally {
      await connections.close();
    }
  });
}
