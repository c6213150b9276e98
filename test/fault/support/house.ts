import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AlertmanagerStub, startAlertmanagerStub } from "../../stubs/alertmanager.ts";
import { type EcsStub, startEcsStub } from "../../stubs/ecs.ts";
import { type KubernetesStub, startKubernetesStub } from "../../stubs/kubernetes.ts";
import { type PrometheusStub, startPrometheusStub } from "../../stubs/prometheus.ts";
import { type SettingsStub, startSettingsStub } from "../../stubs/settings.ts";

/** Everything around the workers of one trial: the systems that they act on, which live in this process, and their files. */
export type House = {
  directory: string;
  redis: string;
  gateway: SettingsStub;
  ecs: EcsStub;
  kubernetes: KubernetesStub;
  prometheus: PrometheusStub;
  alertmanager: AlertmanagerStub;
  /** Environment of a worker. */
  environment: Readonly<Record<string, string>>;
  /** Writes `playbooks/NAME.yaml`. */
  playbook(text: string, name?: string): void;
  /** Writes `stanch.yaml` anew, with these sections at its end. */
  config(more: string): void;
  /** Changes a text in `stanch.yaml`. */
  rename(from: string, to: string): void;
  close(): Promise<void>;
};

export const TOKEN = "fault-tier-token-0123456789";

/** Starts the stubs and writes `stanch.yaml`; `redis` is the address of an empty database. */
export async function openHouse(redis: string, playbook: string): Promise<House> {
  const directory = mkdtempSync(join(tmpdir(), "stanch-fault-"));
  const [gateway, ecs, kubernetes, prometheus, alertmanager] = await Promise.all([
    startSettingsStub(),
    startEcsStub(),
    startKubernetesStub(),
    startPrometheusStub(),
    startAlertmanagerStub(),
  ]);
  const stubs = { gateway, ecs, kubernetes, prometheus, alertmanager };
  mkdirSync(join(directory, "playbooks"));
  kubernetes.writeKubeconfig(join(directory, "kubeconfig"));
  const house: House = {
    directory,
    redis,
    ...stubs,
    environment: { ...environmentOf(directory, redis, ecs.url), LIBRARIES: librariesOf(playbook) },
    playbook: (text, name = "respond") => writeFileSync(join(directory, "playbooks", `${name}.yaml`), text),
    config: (more) => writeFileSync(join(directory, "stanch.yaml"), configOf(house, more)),
    rename: (from, to) => writeFileSync(join(directory, "stanch.yaml"), configOf(house, "").replace(from, to)),
    async close() {
      await Promise.all(Object.values(stubs).map((stub) => stub.close()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  house.playbook(playbook);
  house.config("");
  return house;
}

function environmentOf(directory: string, redis: string, ecs: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: directory,
    NODE_COMPILE_CACHE: join(tmpdir(), "stanch-fault-compile-cache"),
    PORT: "0",
    LOG_LEVEL: "warn",
    REDIS_URL: redis,
    STANCH_CONFIG: join(directory, "stanch.yaml"),
    STANCH_PLAYBOOKS: join(directory, "playbooks"),
    KUBECONFIG: join(directory, "kubeconfig"),
    AWS_ENDPOINT_URL_ECS: ecs,
    AWS_REGION: "us-west-1",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "of-no-account",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
}

/** What its actions will load, and those of a setting whose target is there. */
function librariesOf(playbook: string): string {
  const libraries = [
    /\bk8s[.:]/.test(playbook) && "@kubernetes/client-node",
    /\becs[.:]/.test(playbook) && "@aws-sdk/client-ecs",
  ];
  return libraries.filter(Boolean).join(" ");
}

/** The address of the Redis whose settings the playbooks change: another database of the same server. */
export function settingsRedis({ redis }: Pick<House, "redis">): string {
  const url = new URL(redis);
  return `${url.protocol}//${url.host}/${Number(url.pathname.slice(1)) + 1}`;
}

function configOf(house: House, more: string): string {
  return `version: 1
sources: { alertmanager: { bearer: ${TOKEN} } }
api: { tokens: [{ name: cli, role: admin, token: ${TOKEN} }] }
facts: { load: { query: load } }
severity: [{ level: P1, when: 'true' }]
limits: { flapping: { changes: 40, per: 30m }, fleet-min: 1000 }
approvals:
  groups: { oncall: { api-tokens: [cli] } }
  default: { group: oncall, expires: 5m }
connections:
  prometheus: { main: { url: '${house.prometheus.url}' } }
  http: { gateway: { base-url: '${house.gateway.url}', allow-private: true } }
  redis: { target: { url: '${settingsRedis(house)}' } }
  kubernetes: { primarch: { context: prod, namespace: primarch } }
  alertmanager: { main: { url: '${house.alertmanager.url}' } }
  ecs: { poc: { region: us-west-1 } }
  settings:
    gateway: { kind: http, http: gateway, path: /settings, allow: { SHED_RATE: { type: number, min: 0, max: 0.5 } } }
    cache: { kind: redis, redis: target, prefix: 'setting:', allow: { LIMIT: { type: number } } }
    flags: { kind: configmap, kubernetes: primarch, name: flags, allow: { SHED_RATE: { type: number, min: 0, max: 0.5 } } }
    pods: { kind: deployment-env, kubernetes: primarch, deployment: litellm-router, allow: { MAX_BATCH_SIZE: { type: number } } }
    tasks: { kind: ecs-env, ecs: poc, cluster: prod, service: litellm, allow: { MAX_BATCH_SIZE: { type: number } } }
${more}`;
}
