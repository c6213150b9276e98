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

type Make = (world: World) => Case;
type Shared = Pick<Case, "connections" | "nowhere" | "fail" | "reset" | "effects">;

const SERVICE = { cluster: "prod", service: "litellm" };
const ROUTER = { name: "litellm-router" };

/** Cases by title; the part before a comma is the action's name. */
export const CASES: Readonly<Record<string, Make>> = {
  "prometheus.query": (w) => ({
    input: { query: "up" },
    ...web(w, w.prometheus),
    effects: () => 0,
    ...named("prometheus.query"),
  }),
  ...httpCases(),
  ...settingsCases(),
  ...redisCases(),
  ...ecsCases(),
  ...kubernetesCases(),
  ...alertmanagerCases(),
  "pagerduty.trigger": (w) => ({
    ...named("pagerduty.trigger"),
    input: { summary: "the gateway is down", dedupKey: "inc-12" },
    ...web(w, w.pagerduty),
    reset: () => {
      w.pagerduty.heal();
      w.pagerduty.incidents.clear();
    },
    effects: () => w.pagerduty.incidents.size,
    tells: true,
  }),
};

function named(action: string): Pick<Case, "action"> {
  return { action };
}

function web({ here, nowhere }: World, stub: StubServer): Omit<Shared, "effects"> {
  return { connections: here, nowhere, fail: (fault, options) => stub.fail(fault, options), reset: () => stub.heal() };
}

function httpCases(): Record<string, Make> {
  const okay = { garbage: "a 2xx answer is a success whatever it says" };
  return {
    "http.check": (w) => ({ ...named("http.check"), input: { path: "/health" }, ...gateway(w), harmless: okay }),
    "http.request": (w) => ({
      ...named("http.request"),
      input: { path: "/admin/reset" },
      ...gateway(w),
      mutates: /^POST/,
      harmless: okay,
    }),
    "http.request, idempotent": (w) => ({
      ...named("http.request"),
      input: { path: "/admin/reset", idempotent: true, body: { provider: "openai" } },
      ...gateway(w),
      mutates: /^POST/,
      harmless: okay,
    }),
  };
}

function gateway(w: World): Shared {
  const reset = () => {
    w.gateway.heal();
    w.gateway.effects.length = 0;
    Object.assign(w.gateway, { settings: { ...STUB_SETTINGS }, plain: false, deaf: false });
  };
  return { ...web(w, w.gateway), reset, effects: () => w.gateway.effects.length };
}

function settingsCases(): Record<string, Make> {
  return {
    "settings.get": (w) => ({
      ...named("settings.get"),
      input: { name: "SHED_RATE", connection: "gateway" },
      ...gateway(w),
    }),
    "settings.get, Redis": (w) => ({
      ...named("settings.get"),
      input: { name: "SHED_RATE", connection: "redis" },
      ...behindProxy(w),
    }),
    "settings.set": (w) => ({
      ...named("settings.set"),
      input: { name: "FALLBACK_ENABLED", value: true, connection: "gateway" },
      ...gateway(w),
      state: () => w.gateway.settings,
      mutates: /^PUT/,
    }),
    "settings.set, Redis": (w) => ({
      ...named("settings.set"),
      input: { name: "SHED_RATE", value: 0.1, connection: "redis" },
      ...behindProxy(w),
      effects: async () => ((await w.redis.get("settings:SHED_RATE")) === "0.1" ? 1 : 0),
      state: () => w.redis.get("settings:SHED_RATE"),
      mutates: /KEEPTTL/,
    }),
  };
}

function redisCases(): Record<string, Make> {
  return {
    "redis.ping": (w) => ({ ...named("redis.ping"), input: {}, ...behindProxy(w) }),
    "redis.info": (w) => ({ ...named("redis.info"), input: { section: "clients" }, ...behindProxy(w) }),
    "redis.get": (w) => ({ ...named("redis.get"), input: { key: "settings:SHED_RATE" }, ...behindProxy(w) }),
  };
}

function behindProxy({ here, nowhere, proxy, redis }: World): Shared & { definite: true } {
  const reset = async () => {
    proxy.heal();
    await redis.flushdb();
    await redis.set("settings:SHED_RATE", "0");
  };
  const fail: Case["fail"] = (fault, options) => proxy.fail(fault, options);
  return { connections: here, nowhere, fail, reset, effects: () => 0, definite: true };
}

function ecsCases(): Record<string, Make> {
  const mutates = /UpdateService/;
  const read =
    (action: string, input: Case["input"] = SERVICE): Make =>
    (w) => ({ ...named(action), input, ...ecs(w) });
  return {
    "ecs.describe-service": read("ecs.describe-service"),
    "ecs.list-tasks": read("ecs.list-tasks"),
    "ecs.describe-tasks": read("ecs.describe-tasks", { ...SERVICE, status: "STOPPED" }),
    "ecs.redeploy": (w) => ({ ...named("ecs.redeploy"), input: SERVICE, ...ecs(w), mutates }),
    "ecs.scale": (w) => ({
      ...named("ecs.scale"),
      input: { ...SERVICE, desired: "+1", max: 4 },
      ...ecs(w),
      mutates,
      state: () => w.ecs.service("prod", "litellm").desired,
    }),
  };
}

function ecs(w: World): Shared {
  const reset = () => {
    w.ecs.heal();
    w.ecs.rescale("prod", "litellm", 2);
    w.ecs.effects.length = 0;
  };
  return { ...web(w, w.ecs), reset, effects: () => w.ecs.effects.length };
}

function kubernetesCases(): Record<string, Make> {
  const mutates = /^PATCH/;
  const selector = "app=litellm-router";
  const weights = ["routing", "weights", "gpt-4-turbo"];
  return {
    "k8s.rollout-status": (w) => ({ ...named("k8s.rollout-status"), input: ROUTER, ...kubernetes(w) }),
    "k8s.pod-status": (w) => ({ ...named("k8s.pod-status"), input: { selector }, ...kubernetes(w) }),
    "k8s.pod-logs": (w) => ({ ...named("k8s.pod-logs"), input: { selector, contains: ["error"] }, ...kubernetes(w) }),
    "k8s.rollout-restart": (w) => ({ ...named("k8s.rollout-restart"), input: ROUTER, ...kubernetes(w), mutates }),
    "k8s.scale": (w) => ({
      ...named("k8s.scale"),
      input: { ...ROUTER, replicas: "+1", max: 4 },
      ...kubernetes(w),
      mutates,
      state: () => w.kubernetes.deployment("litellm-router").spec.replicas,
    }),
    "k8s.set-env": (w) => ({
      ...named("k8s.set-env"),
      input: { ...ROUTER, env: "MAX_BATCH_SIZE", value: "16" },
      ...kubernetes(w),
      mutates,
      state: () => w.kubernetes.deployment("litellm-router").spec.template.spec,
    }),
    "k8s.patch-configmap": (w) => ({
      ...named("k8s.patch-configmap"),
      input: {
        name: "litellm-config",
        key: "litellm_router.yaml",
        changes: [
          { path: [...weights, "openai-gpt4-turbo"], value: 0 },
          { path: [...weights, "azure-gpt4-turbo"], value: 100 },
        ],
      },
      ...kubernetes(w),
      mutates,
      state: () => w.kubernetes.configMaps.get("litellm-config")?.data,
    }),
  };
}

function kubernetes(w: World): Shared {
  const stub = w.kubernetes;
  const reset = () => {
    stub.heal();
    stub.renew();
    stub.configMaps.set("litellm-config", newConfigMap("litellm-config", { "litellm_router.yaml": ROUTER_YAML }));
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

function alertmanagerCases(): Record<string, Make> {
  const silences = (w: World): Shared => ({
    ...web(w, w.alertmanager),
    reset: () => {
      w.alertmanager.heal();
      w.alertmanager.silences.length = 0;
      w.alertmanager.silences.push(w.alertmanager.makeSilence("known"));
      w.alertmanager.effects.length = 0;
    },
    effects: () => w.alertmanager.effects.length,
  });
  return {
    "alertmanager.silence": (w) => ({
      ...named("alertmanager.silence"),
      input: { matchers: [{ name: "alertname", value: "RouterDown" }], minutes: 30, comment: "restarting" },
      ...silences(w),
      mutates: /^POST/,
      state: () => w.alertmanager.silences.filter(({ status }) => status.state === "active").length,
    }),
    "alertmanager.expire-silence": (w) => ({
      ...named("alertmanager.expire-silence"),
      input: { silenceId: "known" },
      ...silences(w),
      mutates: /^DELETE/,
    }),
  };
}
