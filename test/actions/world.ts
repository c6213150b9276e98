import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { actions } from "../../src/actions/index.ts";
import type { Connections } from "../../src/core/connection.ts";
import { type AlertmanagerStub, startAlertmanagerStub } from "../stubs/alertmanager.ts";
import { type EcsStub, startEcsStub } from "../stubs/ecs.ts";
import { type KubernetesStub, startKubernetesStub } from "../stubs/kubernetes.ts";
import { type PagerDutyStub, startPagerDutyStub } from "../stubs/pagerduty.ts";
import { type PrometheusStub, startPrometheusStub } from "../stubs/prometheus.ts";
import { type RedisProxy, startRedisProxy } from "../stubs/redis-proxy.ts";
import { type SettingsStub, startSettingsStub } from "../stubs/settings.ts";
import { startRedis } from "../support/redis.ts";
import { complete, connectionsOf, contextOf, RULES, SECRET, useEcs, useKubeconfig } from "./support.ts";

const NOWHERE = "http://127.0.0.1:1";

/** Every stub, a real Redis behind a proxy that can be broken, and connections to all of them. */
export type World = {
  prometheus: PrometheusStub;
  gateway: SettingsStub;
  ecs: EcsStub;
  kubernetes: KubernetesStub;
  alertmanager: AlertmanagerStub;
  pagerduty: PagerDutyStub;
  proxy: RedisProxy;
  redis: Redis;
  here: Connections;
  /** The same names, where nothing listens. */
  nowhere: Connections;
  close(): Promise<void>;
};

type Addresses = {
  prometheus: string;
  gateway: string;
  redis: string;
  context: string;
  alertmanager: string;
  pagerduty: string;
};

/** Starts everything; call `close` in `after`. */
export async function startWorld(): Promise<World> {
  const [prometheus, gateway, ecs, kubernetes, alertmanager, pagerduty, server] = await Promise.all([
    startPrometheusStub(),
    startSettingsStub(),
    startEcsStub(),
    startKubernetesStub(),
    startAlertmanagerStub(),
    startPagerDutyStub(),
    startRedis(),
  ]);
  pagerduty.keys.add(SECRET);
  const proxy = await startRedisProxy(server.port);
  const redis = new Redis(server.url);
  await redis.config("SET", "requirepass", SECRET);
  useKubeconfig(kubernetes.writeKubeconfig);
  const dead = { prometheus: NOWHERE, gateway: NOWHERE, alertmanager: NOWHERE, pagerduty: NOWHERE };
  const nowhere = connectionsTo({ ...dead, redis: "redis://127.0.0.1:1/0", context: "nowhere" });
  await rememberDeadEndpoint(nowhere);
  useEcs(ecs.url);
  const here = connectionsTo({
    prometheus: prometheus.url,
    gateway: gateway.url,
    redis: `redis://:${SECRET}@127.0.0.1:${proxy.port}/0`,
    context: "prod",
    alertmanager: alertmanager.url,
    pagerduty: pagerduty.url,
  });
  const close = async () => {
    await Promise.all([here.close(), nowhere.close(), redis.quit()]);
    await Promise.all([prometheus, gateway, ecs, kubernetes, alertmanager, pagerduty, proxy].map((one) => one.close()));
    await server.stop();
  };
  return { prometheus, gateway, ecs, kubernetes, alertmanager, pagerduty, proxy, redis, here, nowhere, close };
}

function connectionsTo(to: Addresses) {
  const headers = { authorization: `Bearer ${SECRET}` };
  return connectionsOf({
    prometheus: { main: { url: to.prometheus, headers } },
    http: { router: { baseUrl: to.gateway, allowPrivate: true, headers } },
    redis: { router: { url: to.redis } },
    kubernetes: { primarch: { context: to.context, namespace: "primarch" } },
    ecs: { poc: { region: "us-west-1" } },
    alertmanager: { main: { url: to.alertmanager, headers } },
    pagerduty: { platform: { routingKey: SECRET, url: to.pagerduty } },
    settings: {
      gateway: { kind: "http", http: "router", path: "/settings", allow: RULES },
      redis: { kind: "redis", redis: "router", prefix: "settings:", allow: RULES },
      configmap: { kind: "configmap", kubernetes: "primarch", name: "gateway-settings", allow: RULES },
      deployment: { kind: "deployment-env", kubernetes: "primarch", deployment: "litellm-router", allow: RULES },
      service: { kind: "ecs-env", ecs: "poc", cluster: "prod", service: "litellm", allow: RULES },
    },
  });
}

/** The SDK reads its endpoint once per client, from the environment. */
async function rememberDeadEndpoint(nowhere: Connections): Promise<void> {
  useEcs(NOWHERE);
  const describe = actions.get("ecs.describe-service");
  assert.ok(describe);
  await complete(describe, { cluster: "prod", service: "litellm" }, contextOf(nowhere));
}
