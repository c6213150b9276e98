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
  configMaps: Map<string, { metadata: Meta; data: Record<string, string>; immutable?: boolean }>;
  pods: Json[];
  logs: Map<string, string>;
  /** HorizontalPodAutoscalers by the Deployment they own. */
  autoscalers: Map<string, string>;
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

/**
 * Maps are merged, null removes, lists of named objects are merged by name with what is new in front, other lists are replaced.
 * `$setElementOrder/LIST` orders a list by its names.
 */
export function merge(into: unknown, patch: unknown): unknown {
  if (
    Array.isArray(patch) &&
    Array.isArray(into) &&
    patch.every((item) => typeof item === "object" && item !== null && "name" in item)
  )
    return mergeByName(into as Json[], patch as Json[]);
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof into === "object" && into !== null && !Array.isArray(into) ? { ...(into as Json) } : {};
  for (const [key, value] of Object.entries(patch).filter(([key]) => !key.startsWith(ORDER))) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key] ?? (Array.isArray(value) ? [] : undefined), value);
  }
  for (const [key, order] of Object.entries(patch).filter(([key]) => key.startsWith(ORDER)))
    result[key.slice(ORDER.length)] = inOrder(result[key.slice(ORDER.length)] as Json[], order as Json[]);
  const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
  return Object.fromEntries(Object.entries(result).filter(([, value]) => !isEmptyList(value)));
}

const ORDER = "$setElementOrder/";

function mergeByName(into: readonly Json[], patch: readonly Json[]): readonly unknown[] {
  const removed = new Set(patch.filter(({ $patch }) => $patch === "delete").map(({ name }) => name));
  const kept = into.filter(({ name }) => !removed.has(name));
  const merged = kept.map((item) => merge(item, patch.find(({ name }) => name === item["name"]) ?? {}));
  const added = patch.filter(({ name }) => !removed.has(name) && !into.some((item) => item["name"] === name));
  return [...added, ...merged];
}

function inOrder(list: readonly Json[], order: readonly Json[]): readonly Json[] {
  const place = (item: Json) => order.findIndex(({ name }) => name === item["name"]);
  return list.toSorted((a, b) => place(a) - place(b));
}

/** A ConfigMap of one key. */
export function newConfigMap(
  name: string,
  data: Record<string, string>,
): { metadata: Meta; data: Record<string, string> } {
  const metadata: Meta = {
    name,
    namespace: NAMESPACE,
    uid: `uid-${name}`,
    generation: 1,
    resourceVersion: "500",
    annotations: {},
    labels: {},
  };
  return { metadata, data };
}

/** A pod with one container; `killed` has restarted after an out-of-memory kill. */
export function newPod(name: string, app: string, killed: boolean): Json {
  const lastState = killed ? { terminated: { reason: "OOMKilled", exitCode: 137 } } : {};
  const state = killed
    ? { waiting: { reason: "CrashLoopBackOff" } }
    : { running: { startedAt: new Date().toISOString() } };
  return {
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, labels: { app } },
    spec: { containers: [{ name: app }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: killed ? "False" : "True" }],
      containerStatuses: [{ name: app, ready: !killed, restartCount: killed ? 7 : 0, state, lastState }],
    },
  };
}
