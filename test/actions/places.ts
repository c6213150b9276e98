import { newConfigMap, newPod } from "../stubs/kubernetes-world.ts";
import type { StubServer } from "../stubs/server.ts";
import { STUB_SETTINGS } from "../stubs/settings.ts";
import type { Case } from "./conformance.ts";
import type { World } from "./world.ts";

export const ROUTER_YAML = `# routes of the gateway
routing:
  strategy: simple
  weights:
    gpt-4-turbo: { openai-gpt4-turbo: 100, azure-gpt4-turbo: 0 }
`;

/** Makes a case from the running stubs. */
export type Make = (world: World) => Case;
/** What cases of one system have in common. */
export type Shared = Pick<Case, "connections" | "nowhere" | "fail" | "reset" | "effects">;

export function named(action: string): Pick<Case, "action"> {
  return { action };
}

export function web({ here, nowhere }: World, stub: StubServer): Omit<Shared, "effects"> {
  return { connections: here, nowhere, fail: (fault, options) => stub.fail(fault, options), reset: () => stub.heal() };
}

export function gateway(w: World): Shared {
  const reset = () => {
    w.gateway.heal();
    w.gateway.effects.length = 0;
    Object.assign(w.gateway, { settings: { ...STUB_SETTINGS }, plain: false, deaf: false });
  };
  return { ...web(w, w.gateway), reset, effects: () => w.gateway.effects.length };
}

export function behindProxy({ here, nowhere, proxy, redis }: World): Shared & { definite: true } {
  const reset = async () => {
    proxy.heal();
    await redis.flushdb();
    await redis.set("settings:SHED_RATE", "0");
  };
  const fail: Case["fail"] = (fault, options) => proxy.fail(fault, options);
  return { connections: here, nowhere, fail, reset, effects: () => 0, definite: true };
}

export function ecs(w: World): Shared {
  const reset = () => {
    w.ecs.heal();
    w.ecs.renew();
    w.ecs.effects.length = 0;
  };
  return { ...web(w, w.ecs), reset, effects: () => w.ecs.effects.length };
}

export function kubernetes(w: World): Shared {
  const stub = w.kubernetes;
  const reset = () => {
    stub.heal();
    stub.renew();
    stub.configMaps.set("litellm-config", newConfigMap("litellm-config", { "litellm_router.yaml": ROUTER_YAML }));
    stub.configMaps.set("gateway-settings", newConfigMap("gateway-settings", { SHED_RATE: "0", other: "untouched" }));
    stub.pods.splice(
      0,
      stub.pods.length,
      newPod("router-a", "litellm-router", false),
      newPod("router-b", "litellm-router", true),
    );
    stub.logs.set("router-a/litellm-router", "2026-09-01 INFO started\n2026-09-01 ERROR upstream timed out\n");
    stub.logs.set("router-b/litellm-router", "nothing to see\n");
    stub.effects.length = 0;
  };
  return { ...web(w, stub), reset, effects: () => stub.effects.length };
}
