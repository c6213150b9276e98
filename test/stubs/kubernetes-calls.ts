import { type Agent, request } from "undici";

type Json = Record<string, unknown>;

/** An API server to ask. */
export type Target = { url: string; token: string; dispatcher: Agent };
export type Call = { method?: string; path: string; type?: "strategic-merge" | "merge" | "json"; body?: unknown };

export const MAP = "litellm-config";
const ROUTER = "litellm-router";
const NAMESPACE = "primarch";
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const ROUTER_PATH = `${DEPLOYMENTS}/${ROUTER}`;
const SCALE_PATH = `${ROUTER_PATH}/scale`;
const MAP_PATH = `${CONFIG_MAPS}/${MAP}`;

const annotated = (annotations: Json) => ({ metadata: { annotations } });
const inContainer = (entry: object, more: object = {}) => ({
  spec: { template: { spec: { containers: [{ name: ROUTER, env: [entry], ...more }] } } },
});
const strategic = (path: string, body: unknown): Call => ({ method: "PATCH", path, type: "strategic-merge", body });
const merge = (path: string, body: unknown): Call => ({ method: "PATCH", path, type: "merge", body });

/** Calls in the order in which they are made, each with what it leaves behind for the next one. */
const CALLS: Readonly<Record<string, Call>> = {
  "a Deployment": { path: ROUTER_PATH },
  "its scale": { path: SCALE_PATH },
  "one that is not there": { path: `${DEPLOYMENTS}/nobody` },
  "the scale of one that is not there": { path: `${DEPLOYMENTS}/nobody/scale` },
  "an annotation": strategic(ROUTER_PATH, annotated({ "stanch.dev/step": "one" })),
  "the same annotation again": strategic(ROUTER_PATH, annotated({ "stanch.dev/step": "one" })),
  "an annotation removed": strategic(ROUTER_PATH, annotated({ "stanch.dev/step": null })),
  "an annotation that is no text": strategic(ROUTER_PATH, annotated({ "stanch.dev/step": 1 })),
  "an old version": strategic(ROUTER_PATH, { metadata: { resourceVersion: "1" } }),
  "a dry run": strategic(`${ROUTER_PATH}?dryRun=All`, { spec: { template: annotated({ a: "b" }) } }),
  "a dry run that is none": strategic(`${ROUTER_PATH}?dryRun=Some`, annotated({ a: "b" })),
  "a change of the pods": strategic(ROUTER_PATH, { spec: { template: annotated({ a: "b" }) } }),
  "the same change of the pods again": strategic(ROUTER_PATH, { spec: { template: annotated({ a: "b" }) } }),
  "a variable": strategic(ROUTER_PATH, inContainer({ name: "B", value: "1" })),
  "another variable": strategic(ROUTER_PATH, inContainer({ name: "A", value: "2" })),
  "a variable without text": strategic(ROUTER_PATH, inContainer({ name: "C", value: "" })),
  "a variable that is no text": strategic(ROUTER_PATH, inContainer({ name: "C", value: 1 })),
  "a variable changed": strategic(ROUTER_PATH, inContainer({ name: "B", value: "3" })),
  "a variable removed": strategic(ROUTER_PATH, inContainer({ name: "B", $patch: "delete" })),
  "a variable removed that is not there": strategic(ROUTER_PATH, inContainer({ name: "B", $patch: "delete" })),
  "the second last variable removed": strategic(ROUTER_PATH, inContainer({ name: "A", $patch: "delete" })),
  "the last variable removed": strategic(ROUTER_PATH, inContainer({ name: "C", $patch: "delete" })),
  "a variable in front": strategic(ROUTER_PATH, inContainer({ name: "D", value: "$(E)" })),
  "a variable put last": strategic(
    ROUTER_PATH,
    inContainer({ name: "E", value: "1" }, { "$setElementOrder/env": [{ name: "D" }, { name: "E" }] }),
  ),
  "a container without image": strategic(ROUTER_PATH, {
    spec: { template: { spec: { containers: [{ name: "x" }] } } },
  }),
  "a type of patch that is none": { method: "PATCH", path: ROUTER_PATH, type: "json", body: {} },
  "a patch that is no object": strategic(ROUTER_PATH, ["x"]),
  "another count": merge(SCALE_PATH, { spec: { replicas: 3 } }),
  "the same count again": merge(SCALE_PATH, { spec: { replicas: 3 } }),
  "a count on an old version": merge(SCALE_PATH, { metadata: { resourceVersion: "1" }, spec: { replicas: 4 } }),
  "a count in a dry run": merge(`${SCALE_PATH}?dryRun=All`, { spec: { replicas: 4 } }),
  "a negative count": merge(SCALE_PATH, { spec: { replicas: -1 } }),
  "a count that is no number": merge(SCALE_PATH, { spec: { replicas: "many" } }),
  "no count": merge(SCALE_PATH, { spec: { replicas: 0 } }),
  "a Deployment without replicas": { path: ROUTER_PATH },
  paused: strategic(ROUTER_PATH, { spec: { paused: true } }),
  resumed: strategic(ROUTER_PATH, { spec: { paused: false } }),
  "a ConfigMap": { path: MAP_PATH },
  "one that nobody made": { path: `${CONFIG_MAPS}/nobody` },
  "a patch of one that nobody made": merge(`${CONFIG_MAPS}/nobody`, { data: { a: "1" } }),
  "a key": merge(MAP_PATH, { ...annotated({ "stanch.dev/step": "one" }), data: { a: "1" } }),
  "the same key again": merge(MAP_PATH, { ...annotated({ "stanch.dev/step": "one" }), data: { a: "1" } }),
  "a key in a dry run": merge(`${MAP_PATH}?dryRun=All`, { data: { a: "2" } }),
  "a key on an old version": merge(MAP_PATH, { metadata: { resourceVersion: "1" }, data: { a: "2" } }),
  "a key that is none": merge(MAP_PATH, { data: { "a b": "2" } }),
  "a key that is no text": merge(MAP_PATH, { data: { a: 2 } }),
  "a key removed": merge(MAP_PATH, { data: { a: null } }),
  "the last key removed": merge(MAP_PATH, { data: { "x.yaml": null } }),
  "a first key": merge(MAP_PATH, { data: { a: "1" } }),
  immutable: merge(MAP_PATH, { immutable: true }),
  "a key of what is immutable": merge(MAP_PATH, { data: { a: "2" } }),
  "a kind that is none": { path: `/api/v1/namespaces/${NAMESPACE}/surprises/x` },
  "a log of a pod that is not there": { path: `/api/v1/namespaces/${NAMESPACE}/pods/nobody/log?container=router` },
  "a log of a container that is not there": { path: `/api/v1/namespaces/${NAMESPACE}/pods/a/log?container=nobody` },
  "no former log": { path: `/api/v1/namespaces/${NAMESPACE}/pods/a/log?container=router&previous=true` },
};

type Kept = {
  kind?: string;
  reason?: string;
  message?: string;
  metadata?: { name?: string; generation?: number; resourceVersion?: string; annotations?: Json };
  spec?: {
    replicas?: number;
    paused?: boolean;
    template?: { metadata: { annotations?: Json }; spec: { containers: { env?: Json[] }[] } };
  };
  data?: Json;
};

/** Makes all calls one after the other: what stanch looks at in each answer, by the call's title. */
export async function answersOf(target: Target): Promise<Json> {
  const answers: Json = {};
  const versions = new Map<string, string | undefined>();
  for (const [title, call] of Object.entries(CALLS)) answers[title] = await answerTo(target, call, versions);
  answers["an unknown token"] = await answerTo({ ...target, token: "unknown" }, { path: ROUTER_PATH }, versions);
  return JSON.parse(JSON.stringify(answers)) as Json;
}

async function answerTo({ dispatcher, url, token }: Target, call: Call, versions: Versions): Promise<object> {
  const answer = await request(`${url}${call.path}`, {
    dispatcher,
    method: call.method === "PATCH" ? "PATCH" : "GET",
    headers: { authorization: `Bearer ${token}`, ...(call.type && { "content-type": contentType(call.type) }) },
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
  });
  const text = await answer.body.text();
  if (!text.startsWith("{")) return { status: answer.statusCode, text };
  const body = JSON.parse(text) as Kept;
  if (answer.statusCode >= 300) return { status: answer.statusCode, kind: body.kind, reason: body.reason };
  return { status: answer.statusCode, ...keptOf(body, isNew(body, versions)) };
}

type Versions = Map<string, string | undefined>;

function contentType(type: NonNullable<Call["type"]>): string {
  return `application/${type === "json" ? "json" : `${type}-patch+json`}`;
}

/** Versions are numbers without meaning: what counts is whether it is another one than before. */
function isNew({ kind = "", metadata }: Kept, versions: Versions): boolean {
  const object = kind === "Scale" ? "Deployment" : kind;
  const former = versions.get(object);
  versions.set(object, metadata?.resourceVersion);
  return former !== metadata?.resourceVersion;
}

function keptOf({ kind, metadata, spec, data }: Kept, isNewVersion: boolean): object {
  const [container] = spec?.template?.spec.containers ?? [];
  return {
    kind,
    isNewVersion,
    name: metadata?.name,
    generation: kind === "Deployment" ? metadata?.generation : undefined,
    annotations: metadata?.annotations,
    replicas: spec?.replicas,
    paused: spec?.paused,
    pods: spec?.template?.metadata.annotations,
    env: container?.env,
    data,
  };
}
