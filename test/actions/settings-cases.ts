import { behindProxy, ecs, gateway, kubernetes, type Make, named } from "./places.ts";

/** Cases of `settings.get` and `settings.set`, one per kind of connection. */
export function settingsCases(): Record<string, Make> {
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
    "settings.get, ConfigMap": (w) => ({ ...read("configmap"), ...kubernetes(w) }),
    "settings.get, Deployment": (w) => ({ ...read("deployment"), ...kubernetes(w) }),
    "settings.get, ECS": (w) => ({ ...read("service"), ...ecs(w) }),
    "settings.set, ConfigMap": (w) => ({
      ...shed("configmap"),
      ...kubernetes(w),
      state: () => w.kubernetes.configMaps.get("gateway-settings")?.data,
      mutates: /^PATCH/,
    }),
    "settings.set, Deployment": (w) => ({
      ...shed("deployment"),
      ...kubernetes(w),
      state: () => w.kubernetes.deployment("litellm-router").spec.template.spec,
      mutates: /^PATCH/,
    }),
    "settings.set, ECS": (w) => ({
      ...shed("service"),
      ...ecs(w),
      state: () => w.ecs.service("prod", "litellm").taskDefinition,
      mutates: /UpdateService/,
    }),
  };
}

function read(connection: string) {
  return { ...named("settings.get"), input: { name: "SHED_RATE", connection } };
}

function shed(connection: string) {
  return { ...named("settings.set"), input: { name: "SHED_RATE", value: 0.1, connection } };
}
