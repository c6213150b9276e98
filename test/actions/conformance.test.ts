import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { Redis } from "ioredis";
import { actions } from "../../src/actions/index.ts";
import type { Connections } from "../../src/core/connection.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { type PrometheusStub, startPrometheusStub } from "../stubs/prometheus.ts";
import { type RedisProxy, startRedisProxy } from "../stubs/redis-proxy.ts";
import type { StubServer } from "../stubs/server.ts";
import { type SettingsStub, STUB_SETTINGS, startSettingsStub } from "../stubs/settings.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { type Case, conform } from "./conformance.ts";
import { complete, connectionsOf, contextOf, RULES, SECRET, useEcs, useKubeconfig } from "./support.ts";

const NOWHERE = "http://127.0.0.1:1";
const REDIS_NOWHERE = "redis://127.0.0.1:1/0";

let prometheus: PrometheusStub;
let gateway: SettingsStub;
let ecs: EcsStub;
let kubernetes: KubernetesStub;
let server: TestRedis;
let proxy: RedisProxy;
let redis: Redis;
let here: Connections & { close(): Promise<void> };
let nowhere: Connections & { close(): Promise<void> };

function connectionsTo(web: { prometheus: string; gateway: string; redis: string; context: string }) {
  const headers = { authorization: `Bearer ${SECRET}` };
  const settings = { path: "/settings", allow: RULES };
  return connectionsOf({
    prometheus: { main: { url: web.prometheus, headers } },
    http: { router: { baseUrl: web.gateway, allowPrivate: true, headers } },
    redis: { router: { url: web.redis } },
    kubernetes: { primarch: { context: web.context, namespace: "primarch" } },
    ecs: { poc: { region: "us-west-1" } },
    settings: {
      gateway: { kind: "http", http: "router", ...settings },
      redis: { kind: "redis", redis: "router", prefix: "settings:", allow: RULES },
    },
  });
}

before(async () => {
  [prometheus, gateway, ecs, kubernetes, server] = await Promise.all([
    startPrometheusStub(),
    startSettingsStub(),
    startEcsStub(),
    startKubernetesStub(),
    startRedis(),
  ]);
  proxy = await startRedisProxy(server.port);
  redis = new Redis(server.url);
  await redis.config("SET", "requirepass", SECRET);
  useKubeconfig(kubernetes.writeKubeconfig);
  nowhere = connectionsTo({ prometheus: NOWHERE, gateway: NOWHERE, redis: REDIS_NOWHERE, context: "nowhere" });
  await rememberDeadEndpoint();
  useEcs(ecs.url);
  here = connectionsTo({
    prometheus: prometheus.url,
    gateway: gateway.url,
    redis: `redis://:${SECRET}@127.0.0.1:${proxy.port}/0`,
    context: "prod",
  });
});

/** The SDK reads its endpoint once per client, from the environment. */
async function rememberDeadEndpoint(): Promise<void> {
  useEcs(NOWHERE);
  const describe = actions.get("ecs.describe-service");
  assert.ok(describe);
  await complete(describe, { cluster: "prod", service: "litellm" }, contextOf(nowhere));
}

after(async () => {
  await Promise.all([here.close(), nowhere.close(), redis.quit()]);
  await Promise.all([prometheus, gateway, ecs, kubernetes, proxy].map((one) => one.close()));
  await server.stop();
});

/** What the cases of one stub share. */
function on(stub: StubServer): Pick<Case, "connections" | "nowhere" | "fail"> {
  return { connections: here, nowhere, fail: (fault, options) => stub.fail(fault, options) };
}

const CASES: Readonly<Record<string, () => Case>> = {
  "prometheus.query": () => ({
    action: "prometheus.query",
    input: { query: "up" },
    ...on(prometheus),
    reset: () => prometheus.heal(),
    effects: () => 0,
  }),
  "http.check": () => ({
    action: "http.check",
    input: { path: "/health" },
    ...on(gateway),
    reset: resetGateway,
    effects: () => gateway.effects.length,
    harmless: { garbage: "any 2xx answer is healthy when no text is wanted" },
  }),
  "http.request": () => ({
    action: "http.request",
    input: { path: "/admin/reset" },
    ...on(gateway),
    reset: resetGateway,
    effects: () => gateway.effects.length,
    mutates: /^POST/,
    harmless: { garbage: "a 2xx answer is a success whatever it says" },
  }),
  "http.request, idempotent": () => ({
    action: "http.request",
    input: { path: "/admin/reset", idempotent: true, body: { provider: "openai" } },
    ...on(gateway),
    reset: resetGateway,
    effects: () => gateway.effects.length,
    mutates: /^POST/,
    harmless: { garbage: "a 2xx answer is a success whatever it says" },
  }),
  "redis.ping": () => ({
    action: "redis.ping",
    input: {},
    ...onRedis(),
    effects: () => 0,
    definite: true,
  }),
  "settings.get": () => ({
    action: "settings.get",
    input: { name: "SHED_RATE", connection: "gateway" },
    ...on(gateway),
    reset: resetGateway,
    effects: () => gateway.effects.length,
  }),
  "settings.get, Redis": () => ({
    action: "settings.get",
    input: { name: "SHED_RATE", connection: "redis" },
    ...onRedis(),
    effects: () => 0,
    definite: true,
  }),
  "settings.set": () => ({
    action: "settings.set",
    input: { name: "FALLBACK_ENABLED", value: true, connection: "gateway" },
    ...on(gateway),
    reset: resetGateway,
    effects: () => gateway.effects.length,
    state: () => gateway.settings,
    mutates: /^PUT/,
  }),
  "settings.set, Redis": () => ({
    action: "settings.set",
    input: { name: "SHED_RATE", value: 0.1, connection: "redis" },
    ...onRedis(),
    effects: async () => ((await redis.get("settings:SHED_RATE")) === "0.1" ? 1 : 0),
    state: () => redis.get("settings:SHED_RATE"),
    mutates: /KEEPTTL/,
    definite: true,
  }),
  "ecs.describe-service": () => ({
    action: "ecs.describe-service",
    input: { cluster: "prod", service: "litellm" },
    ...on(ecs),
    reset: resetEcs,
    effects: () => ecs.effects.length,
  }),
  "ecs.redeploy": () => ({
    action: "ecs.redeploy",
    input: { cluster: "prod", service: "litellm" },
    ...on(ecs),
    reset: resetEcs,
    effects: () => ecs.effects.length,
    mutates: /UpdateService/,
  }),
  "k8s.rollout-status": () => ({
    action: "k8s.rollout-status",
    input: { name: "litellm-router" },
    ...on(kubernetes),
    reset: resetKubernetes,
    effects: () => kubernetes.effects.length,
  }),
  "k8s.rollout-restart": () => ({
    action: "k8s.rollout-restart",
    input: { name: "litellm-router" },
    ...on(kubernetes),
    reset: resetKubernetes,
    effects: () => kubernetes.effects.length,
    mutates: /^PATCH/,
  }),
};

function resetGateway(): void {
  gateway.heal();
  gateway.effects.length = 0;
  Object.assign(gateway, { settings: { ...STUB_SETTINGS }, plain: false, deaf: false });
}

function onRedis(): Pick<Case, "connections" | "nowhere" | "fail" | "reset"> {
  const reset = async () => {
    proxy.heal();
    await redis.flushdb();
    await redis.set("settings:SHED_RATE", "0");
  };
  return { connections: here, nowhere, fail: (fault, options) => proxy.fail(fault, options), reset };
}

function resetEcs(): void {
  ecs.heal();
  ecs.service("prod", "litellm");
  ecs.effects.length = 0;
}

function resetKubernetes(): void {
  kubernetes.heal();
  const { annotations, template } = {
    ...kubernetes.deployment("litellm-router").metadata,
    ...kubernetes.deployment("litellm-router").spec,
  };
  delete annotations["stanch.dev/step"];
  delete template.metadata.annotations;
  kubernetes.effects.length = 0;
}

for (const [name, make] of Object.entries(CASES)) conform(name, make);

test("every action has a case", () => {
  const tried = new Set(Object.values(CASES).map((make) => make().action));
  assert.deepEqual(
    [...actions.keys()].filter((name) => !tried.has(name)),
    [],
  );
});

test("every action in the folder is registered", async () => {
  const folder = new URL("../../src/actions/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const registered = new Set([...actions.values()]);
  for (const file of files) {
    const exports: Readonly<Record<string, unknown>> = await import(new URL(file, folder).href);
    for (const [name, value] of Object.entries(exports)) {
      const isAction = typeof value === "object" && value !== null && "effect" in value && "run" in value;
      if (isAction)
        assert.ok([...registered].includes(value as never), `${file} exports ${name}, which index.ts does not list`);
    }
  }
});
