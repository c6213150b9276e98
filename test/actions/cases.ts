import type { Case } from "./conformance.ts";
import { behindProxy, ecs, gateway, kubernetes, type Make, named, type Shared, web } from "./places.ts";
import { settingsCases } from "./settings-cases.ts";
import type { World } from "./world.ts";

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

function redisCases(): Record<string, Make> {
  return {
    "redis.ping": (w) => ({ ...named("redis.ping"), input: {}, ...behindProxy(w) }),
    "redis.info": (w) => ({ ...named("redis.info"), input: { section: "clients" }, ...behindProxy(w) }),
    "redis.get": (w) => ({ ...named("redis.get"), input: { key: "settings:SHED_RATE" }, ...behindProxy(w) }),
  };
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
    "ecs.set-env": (w) => ({
      ...named("ecs.set-env"),
      input: { ...SERVICE, env: "SHED_RATE", value: "0.1" },
      ...ecs(w),
      mutates,
      state: () => w.ecs.service("prod", "litellm").taskDefinition,
    }),
  };
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
