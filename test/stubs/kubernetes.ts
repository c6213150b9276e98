import { writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import {
  configMapAnswer,
  configMapFault,
  deploymentAnswer,
  deploymentFault,
  withoutZeros,
} from "./kubernetes-rules.ts";
import {
  type Json,
  type KubeWorld,
  type Meta,
  merge,
  NAMESPACE,
  newDeployment,
  type StubDeployment,
  settle,
} from "./kubernetes-world.ts";
import { runAsProcess, type StubReply, type StubRequest, type StubServer, startStub } from "./server.ts";

export type KubernetesStub = StubServer &
  KubeWorld & {
    deployment(name: string): StubDeployment;
    /** Puts the Deployments back to how they were at the start. */
    renew(): void;
    /** A kubeconfig for this stub: contexts `prod` and `alias` lead here, `nowhere` to a port without a listener. */
    writeKubeconfig(file: string): void;
  };

export const KUBE_TOKEN = "stub-service-account-token";

/** The API server as far as stanch uses it. Namespace `primarch` has Deployments `litellm-router` (2 replicas) and `vllm-engine` (1, Recreate). */
export async function startKubernetesStub(port = 0): Promise<KubernetesStub> {
  const world: KubeWorld = {
    deployments: new Map(),
    effects: [],
    next: { outcome: "complete", after: 0 },
    configMaps: new Map(),
    pods: [],
    logs: new Map(),
    autoscalers: new Map(),
    version: 1000,
    changedAt: new Map(),
  };
  const renew = () => {
    world.deployments.set("litellm-router", newDeployment(world, "litellm-router", 2, "RollingUpdate"));
    world.deployments.set("vllm-engine", newDeployment(world, "vllm-engine", 1, "Recreate"));
  };
  renew();
  const stub = await startStub(
    { handle: (request) => route(world, request), report: () => ({ effects: world.effects }) },
    port,
  );
  const deployment = (name: string) => {
    const found = world.deployments.get(name);
    if (!found) throw new Error(`the stub has no deployment ${name}`);
    settle(world, found);
    return found;
  };
  return Object.assign(world, stub, {
    deployment,
    renew,
    writeKubeconfig: (file: string) => writeFileSync(file, kubeconfig(stub.url)),
  });
}

function kubeconfig(server: string): string {
  const servers = { stub: server, nowhere: "http://127.0.0.1:1" };
  const clusters = Object.entries(servers).map(([name, address]) => ({
    name,
    cluster: { server: address, "insecure-skip-tls-verify": true },
  }));
  const users = [{ name: "stanch", user: { token: KUBE_TOKEN } }];
  const contexts = ["prod", "alias", "nowhere"].map((name) => ({
    name,
    context: { cluster: name === "nowhere" ? "nowhere" : "stub", user: "stanch" },
  }));
  return JSON.stringify({ apiVersion: "v1", kind: "Config", clusters, users, contexts, "current-context": "prod" });
}

function route(world: KubeWorld, request: StubRequest): StubReply {
  const { url, headers } = request;
  if (headers.authorization !== `Bearer ${KUBE_TOKEN}`) return status(401, "Unauthorized", "Unauthorized");
  const [, group, namespace, kind, name, sub] =
    /^\/(apis\/apps\/v1|apis\/autoscaling\/v2|api\/v1)\/namespaces\/([^/]+)\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/.exec(
      url.pathname,
    ) ?? [];
  if (!group || !kind) return status(404, "NotFound", "the server could not find the requested resource");
  if (namespace !== NAMESPACE)
    return status(403, "Forbidden", `User "stanch" cannot get resource "${kind}" in the namespace "${namespace}"`);
  if (kind === "deployments" && group === "apis/apps/v1" && name) return deployments(world, request, name, sub);
  if (kind === "configmaps" && group === "api/v1" && name) return configMaps(world, request, name);
  if (kind === "horizontalpodautoscalers" && group === "apis/autoscaling/v2") return autoscalers(world);
  if (kind === "pods" && group === "api/v1") return pods(world, request, name, sub);
  return status(404, "NotFound", "the server could not find the requested resource");
}

function deployments(world: KubeWorld, request: StubRequest, name: string, sub: string | undefined): StubReply {
  const found = world.deployments.get(name);
  if (!found) return notFound("deployments.apps", name);
  settle(world, found);
  if (request.method === "GET" && sub === undefined) return { status: 200, body: deploymentAnswer(found) };
  if (request.method === "GET" && sub === "scale") return { status: 200, body: scaleOf(found) };
  if (request.method === "PATCH" && sub === undefined) return patchDeployment(world, request, found);
  if (request.method === "PATCH" && sub === "scale") return patchScale(world, request, found);
  return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

function patchDeployment(world: KubeWorld, request: StubRequest, found: StubDeployment): StubReply {
  const patch = patchOf(request, "application/strategic-merge-patch+json");
  if ("status" in patch) return patch;
  const merged = merge(structuredClone(found), patch.body) as StubDeployment;
  if (
    String(patch.body["metadata"] && (patch.body["metadata"] as Json)["resourceVersion"]) !== "undefined" &&
    merged.metadata.resourceVersion !== found.metadata.resourceVersion
  )
    return conflict("deployments.apps", found.metadata.name);
  return storeDeployment(world, request, { found, merged, answer: deploymentAnswer });
}

type Change = { found: StubDeployment; merged: StubDeployment; answer: (deployment: StubDeployment) => object };

/** Another spec and other annotations are another generation; no change is no new version either. */
function storeDeployment(world: KubeWorld, request: StubRequest, { found, merged, answer }: Change): StubReply {
  const fault = deploymentFault(merged);
  if (fault !== undefined) return status(422, "Invalid", fault);
  if (isDeepStrictEqual(deploymentAnswer(merged), deploymentAnswer(found))) return { status: 200, body: answer(found) };
  const kept = ({ spec, metadata }: StubDeployment) => [withoutZeros(spec), metadata.annotations];
  const isNew = !isDeepStrictEqual(kept(merged), kept(found));
  if (isNew) merged.metadata.generation += 1;
  if (request.url.searchParams.get("dryRun") === "All") return { status: 200, body: answer(merged) };
  merged.metadata.resourceVersion = String(++world.version);
  if (isNew) world.changedAt.set(found.metadata.name, Date.now());
  if (!isDeepStrictEqual(merged.spec.template, found.spec.template)) merged.status.updatedReplicas = 0;
  world.deployments.set(found.metadata.name, merged);
  world.effects.push({ at: Date.now(), verb: "patch", path: request.url.pathname, body: JSON.parse(request.body) });
  return { status: 200, body: answer(merged) };
}

function patchScale(world: KubeWorld, request: StubRequest, found: StubDeployment): StubReply {
  const patch = patchOf(request, "application/merge-patch+json");
  if ("status" in patch) return patch;
  const { metadata = {}, spec } = patch.body as { metadata?: Json; spec?: { replicas?: unknown } };
  if (metadata["resourceVersion"] !== undefined && metadata["resourceVersion"] !== found.metadata.resourceVersion)
    return conflict("deployments.apps", found.metadata.name);
  const merged = structuredClone(found);
  merged.spec.replicas = spec?.replicas as number;
  return storeDeployment(world, request, { found, merged, answer: scaleOf });
}

function scaleOf({ metadata, spec, status: current }: StubDeployment): object {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion },
    spec: withoutZeros({ replicas: spec.replicas }),
    status: { replicas: current.replicas },
  };
}

function autoscalers(world: KubeWorld): StubReply {
  const items = [...world.autoscalers].map(([deployment, name]) => ({
    metadata: { name, namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment },
      minReplicas: 1,
      maxReplicas: 5,
    },
  }));
  return { status: 200, body: { kind: "HorizontalPodAutoscalerList", apiVersion: "autoscaling/v2", items } };
}

function configMaps(world: KubeWorld, request: StubRequest, name: string): StubReply {
  const found = world.configMaps.get(name);
  if (!found) return notFound("configmaps", name);
  if (request.method === "GET") return { status: 200, body: configMapAnswer(found) };
  if (request.method !== "PATCH") return status(405, "MethodNotAllowed", "no");
  const patch = patchOf(request, "application/merge-patch+json");
  if ("status" in patch) return patch;
  const merged = merge(structuredClone(found), patch.body) as typeof found;
  if (merged.metadata.resourceVersion !== found.metadata.resourceVersion) return conflict("configmaps", name);
  const fault = configMapFault(found, merged);
  if (fault !== undefined) return status(422, "Invalid", fault);
  const isSame = isDeepStrictEqual(merged, found);
  if (isSame || request.url.searchParams.get("dryRun") === "All") return { status: 200, body: configMapAnswer(merged) };
  merged.metadata.resourceVersion = String(++world.version);
  world.configMaps.set(name, merged);
  world.effects.push({ at: Date.now(), verb: "patch", path: request.url.pathname, body: patch.body });
  return { status: 200, body: configMapAnswer(merged) };
}

function pods(
  world: KubeWorld,
  { method, url }: StubRequest,
  name: string | undefined,
  sub: string | undefined,
): StubReply {
  if (method !== "GET") return status(405, "MethodNotAllowed", "no");
  if (name === undefined)
    return {
      status: 200,
      body: { kind: "PodList", items: selected(world.pods, url.searchParams.get("labelSelector")) },
    };
  const pod = world.pods.find((one) => (one["metadata"] as Meta).name === name);
  if (!pod) return notFound("pods", name);
  if (sub === undefined) return { status: 200, body: pod };
  const key = [
    name,
    url.searchParams.get("container"),
    url.searchParams.get("previous") === "true" ? "previous" : undefined,
  ]
    .filter(Boolean)
    .join("/");
  const text = world.logs.get(key);
  return text === undefined
    ? status(400, "BadRequest", `previous terminated container not found: ${key}`)
    : { status: 200, body: text };
}

function selected(all: readonly Json[], selector: string | null): readonly Json[] {
  const wanted = (selector ?? "")
    .split(",")
    .filter(Boolean)
    .map((part) => part.split("="));
  return all.filter((pod) => wanted.every(([label = "", value]) => (pod["metadata"] as Meta).labels[label] === value));
}

function patchOf({ headers, body, url }: StubRequest, wanted: string): { body: Json } | StubReply {
  if (headers["content-type"] !== wanted)
    return status(415, "UnsupportedMediaType", `${headers["content-type"]} is not expected here`);
  const dryRun = url.searchParams.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) return status(422, "Invalid", "dryRun: Unsupported value");
  const parsed: unknown = JSON.parse(body);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return status(400, "BadRequest", "a patch is an object");
  return { body: parsed as Json };
}

function notFound(kind: string, name: string): StubReply {
  return status(404, "NotFound", `${kind} "${name}" not found`);
}

function conflict(kind: string, name: string): StubReply {
  return status(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${kind} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
  );
}

function status(code: number, reason: string, message: string): StubReply {
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
  };
}

if (import.meta.main) await runAsProcess(startKubernetesStub);
