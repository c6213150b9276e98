import type { Admin, Json } from "./cluster.ts";

export const NAMESPACE = "primarch";
/** Paths of the API server. */
export const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
export const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

/** A Deployment as the API server keeps it, as far as the tests look. */
export type Stored = {
  metadata: { uid: string; generation: number; resourceVersion: string; annotations?: Record<string, string> };
  spec: {
    replicas: number;
    template: { metadata: { annotations?: Record<string, string> }; spec: { containers: Container[] } };
  };
};
type Container = { name: string; image: string; env?: Json[] };

export type StoredMap = {
  metadata: { resourceVersion: string; annotations?: Record<string, string> };
  data?: Record<string, string>;
};

const ENV: readonly Json[] = [
  { name: "LOG_LEVEL", value: "info" },
  { name: "EMPTY", value: "" },
  { name: "UPSTREAM", valueFrom: { configMapKeyRef: { name: "gateway-settings", key: "UPSTREAM" } } },
  { name: "MODE", value: "normal" },
];

export const ROUTER = "litellm-router";

/** Makes the Deployment anew, with a rollout that is complete. */
export async function renewDeployment(admin: Admin, name: string, spec: Json = {}, env = ENV): Promise<void> {
  const labels = { app: name };
  const containers = [{ name, image: `registry.example.com/${name}:1.4.2`, env }];
  await renew(admin, DEPLOYMENTS, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      ...spec,
    },
  });
  await rollOut(admin, name);
}

/** Makes the ConfigMap anew. */
export function renewConfigMap(
  admin: Admin,
  name: string,
  data: Record<string, string>,
  over: Json = {},
): Promise<void> {
  return renew(admin, CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data, ...over });
}

async function renew(admin: Admin, path: string, object: Json & { metadata: { name: string } }): Promise<void> {
  await remove(admin, path, object.metadata.name);
  await admin("POST", path, object);
}

async function remove(admin: Admin, path: string, name: string): Promise<void> {
  const isMissing = (error: unknown) => error instanceof Error && error.message.includes(": 404 ");
  await admin("DELETE", `${path}/${name}`).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

export function removeDeployment(admin: Admin, name: string): Promise<void> {
  return remove(admin, DEPLOYMENTS, name);
}

export function removeConfigMap(admin: Admin, name: string): Promise<void> {
  return remove(admin, CONFIG_MAPS, name);
}

export function readDeployment(admin: Admin, name: string): Promise<Stored> {
  return admin<Stored>("GET", `${DEPLOYMENTS}/${name}`);
}

export function readConfigMap(admin: Admin, name: string): Promise<StoredMap> {
  return admin<StoredMap>("GET", `${CONFIG_MAPS}/${name}`);
}

/** What somebody else does to a Deployment. */
export function patchDeployment(admin: Admin, name: string, patch: Json): Promise<Json> {
  return admin("PATCH", `${DEPLOYMENTS}/${name}`, patch);
}

/** What somebody else does to a ConfigMap. */
export function patchConfigMap(admin: Admin, name: string, patch: Json): Promise<Json> {
  return admin("PATCH", `${CONFIG_MAPS}/${name}`, patch);
}

/** Does what the Deployment controller does at the end of a rollout. */
export async function rollOut(admin: Admin, name: string): Promise<void> {
  const { metadata, spec } = await readDeployment(admin, name);
  const count = spec.replicas;
  await patchStatus(admin, name, {
    observedGeneration: metadata.generation,
    replicas: count,
    updatedReplicas: count,
    readyReplicas: count,
    availableReplicas: count,
    conditions: [{ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }],
  });
}

/** Does what it does when the progress deadline has passed. */
export async function failRollout(admin: Admin, name: string): Promise<void> {
  const { metadata } = await readDeployment(admin, name);
  const message = `ReplicaSet "${name}" has timed out progressing.`;
  await patchStatus(admin, name, {
    observedGeneration: metadata.generation,
    updatedReplicas: 0,
    conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message }],
  });
}

function patchStatus(admin: Admin, name: string, status: Json): Promise<Json> {
  return admin("PATCH", `${DEPLOYMENTS}/${name}/status`, { status });
}
