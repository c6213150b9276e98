import type { Config } from "../core/config.ts";
import type { ConnectionKind, ConnectionSettings } from "../core/connection.ts";
import { apiServerOf } from "./kubernetes/kube-config.ts";

type Kinds = Config["connections"];
type Places = { readonly [K in ConnectionKind]: (settings: ConnectionSettings[K], kinds: Kinds) => string };

/** Where each kind of connection leads, spelt in one way. */
const PLACES: Places = {
  prometheus: ({ url }) => addressOf(url),
  alertmanager: ({ url }) => addressOf(url),
  pagerduty: ({ routingKey, url }) => `${url ?? ""} ${routingKey}`,
  http: ({ baseUrl }) => addressOf(baseUrl),
  redis: ({ url }) => databaseOf(url),
  ecs: ({ region }) => region ?? "",
  kubernetes: ({ context }) => apiServerOf(context) ?? `context ${context ?? ""}`,
  settings: settingsPlace,
};

function settingsPlace(settings: ConnectionSettings["settings"], kinds: Kinds): string {
  switch (settings.kind) {
    case "http":
      return `http ${identityOf(kinds, "http", settings.http)} ${settings.path}`;
    case "redis":
      return `redis ${identityOf(kinds, "redis", settings.redis)} ${settings.prefix}`;
    case "configmap":
      return `configmap ${clusterOf(kinds, settings.kubernetes)} ${settings.name}`;
    case "deployment-env":
      return `deployment ${clusterOf(kinds, settings.kubernetes)} ${settings.deployment} ${settings.container ?? ""}`;
    case "ecs-env": {
      const { ecs, cluster, service, container = "" } = settings;
      return `service ${identityOf(kinds, "ecs", ecs)} ${cluster} ${service} ${container}`;
    }
    default:
      return settings satisfies never;
  }
}

/** API server and namespace. */
function clusterOf(kinds: Kinds, name: string): string {
  return `${identityOf(kinds, "kubernetes", name)} ${kinds.kubernetes[name]?.namespace ?? ""}`;
}

/** Where a connection leads as `stanch.yaml` has it: of a Kubernetes cluster its context, as a kubeconfig may differ between workers. */
export function placeOf(kinds: Kinds, kind: ConnectionKind, name: string): string {
  switch (kind) {
    case "kubernetes":
      return `${kinds.kubernetes[name]?.context ?? ""} ${kinds.kubernetes[name]?.namespace ?? ""}`;
    case "pagerduty":
      return kinds.pagerduty[name]?.url ?? "";
    case "settings": {
      const settings = kinds.settings[name];
      return settings ? `${settingsPlace(settings, kinds)} ${placeBehind(settings, kinds)}` : "";
    }
    default: {
      const named: Readonly<Record<string, ConnectionSettings[typeof kind]>> = kinds[kind];
      const settings = named[name];
      return settings ? (PLACES[kind] as (own: typeof settings, all: Kinds) => string)(settings, kinds) : "";
    }
  }
}

/** Where the connection leads through which settings are reached. */
function placeBehind(settings: ConnectionSettings["settings"], kinds: Kinds): string {
  switch (settings.kind) {
    case "http":
      return placeOf(kinds, "http", settings.http);
    case "redis":
      return placeOf(kinds, "redis", settings.redis);
    case "configmap":
    case "deployment-env":
      return placeOf(kinds, "kubernetes", settings.kubernetes);
    case "ecs-env":
      return placeOf(kinds, "ecs", settings.ecs);
    default:
      return settings satisfies never;
  }
}

/**
 * The name that stands for what a connection reaches. Connections to one thing share the name of the one declared first, so that
 * their locks are one, while a playbook's `target` can be written with the names of `stanch.yaml`.
 */
export function identityOf<K extends ConnectionKind>(kinds: Kinds, kind: K, name: string): string {
  const first = firstTo(kinds, kind, name);
  if (kind === "kubernetes") return kinds.kubernetes[first]?.context ?? first;
  if (kind === "ecs") return first === Object.keys(kinds.ecs)[0] ? "" : (kinds.ecs[first]?.region ?? first);
  return first;
}

function firstTo<K extends ConnectionKind>(kinds: Kinds, kind: K, name: string): string {
  const named: Readonly<Record<string, ConnectionSettings[K]>> = kinds[kind] ?? {};
  const names = Object.keys(named);
  const own = named[name];
  if (names.length < 2 || own === undefined) return name;
  const place = PLACES[kind](own, kinds);
  return names.find((other) => named[other] !== undefined && PLACES[kind](named[other], kinds) === place) ?? name;
}

function addressOf(text: string): string {
  const url = URL.parse(text);
  return url === null ? text : `${url.origin}${url.pathname.replace(/\/$/, "")}`;
}

function databaseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  const database = url.pathname.replace(/^\//, "") || url.searchParams.get("db") || "0";
  return `${url.hostname.toLowerCase()}:${url.port || "6379"}/${database}`;
}
