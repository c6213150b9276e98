export type Json = Record<string, unknown>;
export type Meta = {
  name: string;
  namespace: string;
  uid: string;
  generation: number;
  resourceVersion: string;
  annotations: Record<string, string>;
  labels: Record<string, string>;
};
type Template = {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: { containers: Json[] };
};

export type StubDeployment = {
  metadata: Meta;
  spec: { replicas: number; paused?: boolean; strategy: { type: string }; selector: object; template: Template };
  status: {
    observedGeneration: number;
    replicas: number;
    updatedReplicas: number;
    availableReplicas: number;
    readyReplicas: number;
    conditions: Json[];
  };
};

/** A stored change: what `kubectl` would have done. */
export type KubeEffect = { at: number; verb: string; path: string; body: unknown };

/** The namespace that the stub's token may act in. */
export const NAMESPACE = "primarch";

/** What the stub holds; `next` says how rollouts end, and after how many milliseconds. */
export type KubeWorld = {
  deployments: Map<string, StubDeployment>;
  configMaps: Map<string, { metadata: Meta; data: Record<string, string> }>;
  pods: Json[];
  logs: Map<string, string>;
  effects: KubeEffect[];
  next: { outcome: "complete" | "deadline" | "stuck"; after: number };
  version: number;
  changedAt: Map<string, number>;
};

/** Ends what is due of a rollout. */
export function settle(world: KubeWorld, found: StubDeployment): void {
  const { outcome, after } = world.next;
  if (outcome === "stuck" || Date.now() < (world.changedAt.get(found.metadata.name) ?? 0) + after) return;
  if (found.status.observedGeneration === found.metadata.generation) return;
  found.status.observedGeneration = found.metadata.generation;
  found.metadata.resourceVersion = String(++world.version);
  if (outcome === "deadline") {
    found.status.conditions = [
      {
        type: "Progressing",
        status: "False",
        reason: "ProgressDeadlineExceeded",
        message: `ReplicaSet "${found.metadata.name}" has timed out progressing.`,
      },
    ];
    return;
  }
  const { replicas } = found.spec;
  Object.assign(found.status, {
    replicas,
    updatedReplicas: replicas,
    availableReplicas: replicas,
    readyReplicas: replicas,
  });
}

/** A Deployment at rest. */
export function newDeployment(world: KubeWorld, name: string, replicas: number, type: string): StubDeployment {
  const labels = { app: name };
  world.version += 1;
  return {
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: `uid-${name}`,
      generation: 1,
      resourceVersion: String(world.version),
      annotations: {},
      labels,
    },
    spec: {
      replicas,
      strategy: { type },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name, image: `registry.example.com/${name}:1.4.2` }] } },
    },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      readyReplicas: replicas,
      conditions: [],
    },
  };
}

/** Maps are merged, null removes, lists of named objects are merged by name, other lists are replaced. */
export function merge(into: unknown, patch: unknown): unknown {
  if (
    Array.isArray(patch) &&
    Array.isArray(into) &&
    patch.every((item) => typeof item === "object" && item !== null && "name" in item)
  )
    return mergeByName(into as Json[], patch as Json[]);
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof into === "object" && into !== null && !Array.isArray(into) ? { ...(into as Json) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

function mergeByName(into: readonly Json[], patch: readonly Json[]): readonly unknown[] {
  const kept = into.map((item) => merge(item, patch.find(({ name }) => name === item["name"]) ?? {}));
  const added = patch.filter(({ name }) => !into.some((item) => item["name"] === name));
  return [...kept, ...added];
}
