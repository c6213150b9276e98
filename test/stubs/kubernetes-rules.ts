import type { Json, KubeWorld, StubDeployment } from "./kubernetes-world.ts";

type ConfigMap = KubeWorld["configMaps"] extends Map<string, infer M> ? M : never;

/** What the API server leaves out when it writes an object: empty maps, lists and texts, zero and false. */
export function withoutZeros<T extends object>(object: T): T {
  const kept = Object.entries(object).filter(([, value]) => !isZero(value));
  return Object.fromEntries(kept) as T;
}

function isZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === "" || value === 0 || value === false;
}

/** A Deployment as the API server answers it. */
export function deploymentAnswer({ metadata, spec, status }: StubDeployment): object {
  const { template } = spec;
  const containers = template.spec.containers.map((container) => {
    const env = (container["env"] as Json[] | undefined)?.map(withoutZeros) ?? [];
    return withoutZeros({ ...container, env });
  });
  const pods = { metadata: withoutZeros(template.metadata), spec: { ...template.spec, containers } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: withoutZeros(metadata),
    // A wanted count of zero is written, because its absence means one.
    spec: { ...withoutZeros({ ...spec, template: pods }), replicas: spec.replicas },
    status: withoutZeros(status),
  };
}

/** A ConfigMap as the API server answers it. */
export function configMapAnswer({ metadata, ...rest }: ConfigMap): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: withoutZeros(metadata), ...withoutZeros(rest) };
}

/** Why the API server would not store a Deployment. */
export function deploymentFault({ metadata, spec }: StubDeployment): string | undefined {
  const annotations = Object.values({ ...metadata.annotations, ...spec.template.metadata.annotations });
  if (annotations.some((value) => typeof value !== "string")) return "annotation values must be strings";
  for (const { name, image, env = [] } of spec.template.spec.containers as { [key: string]: unknown; env?: Json[] }[]) {
    if (typeof image !== "string") return `spec.template.spec.containers: ${String(name)}: image: Required value`;
    if (env.some(({ value = "" }) => typeof value !== "string")) return "env.value must be of type string";
  }
  return Number.isInteger(spec.replicas) && spec.replicas >= 0 ? undefined : "spec.replicas: Invalid value";
}

/** Why the API server would not store a ConfigMap in place of the former one. */
export function configMapFault(former: ConfigMap, { data }: ConfigMap): string | undefined {
  for (const [key, value] of Object.entries(data)) {
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) return `data: invalid key ${key}`;
    if (typeof value !== "string") return `data.${key}: must be of type string`;
  }
  const isSame = JSON.stringify(former.data) === JSON.stringify(data);
  return former.immutable === true && !isSame
    ? "data: Forbidden: field is immutable when `immutable` is set"
    : undefined;
}
