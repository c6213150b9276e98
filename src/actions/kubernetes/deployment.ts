import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection, Connections } from "../../core/connection.ts";
import { AppError } from "../../core/errors.ts";
import { digestOf } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import { failure } from "../failure.ts";
import { jsonOf } from "../http/endpoint.ts";
import { ConnectionName } from "../inputs.ts";
import { type KubeCall, kubeCall, notKubernetes } from "./client.ts";

/** Our own mark on what a step changed; its value is the step's key. */
export const STEP_ANNOTATION = "stanch.dev/step";

/** Name of an object or a namespace (RFC 1123 subdomain). */
export const KubeName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "not a name of Kubernetes");

/** A Deployment; without `namespace` that of the connection. */
export const DeploymentInput = z.strictObject({
  connection: ConnectionName,
  namespace: KubeName.optional(),
  name: KubeName,
});
export type DeploymentInput = z.infer<typeof DeploymentInput>;

const Annotations = z.record(z.string(), z.string()).optional();
const Count = z.number().int().optional();

/** The fields of a Deployment that are read; the rest is kept for digests. */
export const Deployment = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    generation: z.number().int(),
    resourceVersion: z.string(),
    annotations: Annotations,
  }),
  spec: z.object({
    replicas: z.number().int().default(1),
    paused: z.boolean().optional(),
    strategy: z.object({ type: z.string().optional() }).optional(),
    template: z.looseObject({
      metadata: z.looseObject({ annotations: Annotations }).nullish(),
      spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), image: z.string().optional() })) }),
    }),
  }),
  status: z
    .object({
      observedGeneration: Count,
      replicas: Count,
      updatedReplicas: Count,
      availableReplicas: Count,
      readyReplicas: Count,
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .optional(),
    })
    .default({}),
});
export type Deployment = z.infer<typeof Deployment>;

/** Change only the Deployment with this uid, and none that was made anew under its name; a revert carries that of the one it changed. */
export const DeploymentUid = z.string().max(100).optional();

/** Why a Deployment must not be changed that is not the one meant; undefined where it is, or where none is meant in particular. */
export function madeAnew(
  act: string,
  meant: string | undefined,
  present: string | undefined,
): ActionFailure | undefined {
  if (meant === undefined || present === undefined || meant === present) return undefined;
  return failure("conflict", `${act}: it was deleted and made anew since, so decide by hand`, { sent: "refused" });
}

/** Where a Deployment lives: its connection, and its namespace settled. */
export type Place = { connection: Connection<"kubernetes">; namespace: string; name: string };

/**
 * Settles the namespace.
 * @throws AppError "invalid_request" when neither the step nor the connection names one: guessing could hit another service.
 */
export function placeOf(
  input: { connection?: string | undefined; namespace?: string | undefined; name: string },
  connections: Connections,
): Place {
  const connection = connections.find("kubernetes", input.connection);
  const namespace = input.namespace ?? connection.settings.namespace;
  if (namespace === undefined)
    throw new AppError(
      "invalid_request",
      `no namespace for ${input.name}; name it in the step or on connection ${connection.name}`,
    );
  return { connection, namespace, name: input.name };
}

/** The lock key `k8s:context/namespace/kind/name`. */
export function kubeTarget({ connection, namespace, name }: Place, kind = "deployment"): string {
  return `k8s:${connection.identity ?? connection.name}/${namespace}/${kind}/${name}`;
}

/** Reads one Deployment. */
export async function readDeployment(
  place: Place,
  ctx: Pick<ActionContext, "signal" | "fence">,
): Promise<{ ok: true; deployment: Deployment } | ActionFailure> {
  const act = `reading deployment ${place.namespace}/${place.name}`;
  return deploymentCall(place, ctx, {
    act,
    permission: `get on deployments in ${place.namespace}`,
    method: "GET",
    mutating: false,
  });
}

/** A call on one Deployment that answers it. */
export async function deploymentCall(
  place: Place,
  ctx: Pick<ActionContext, "signal" | "fence">,
  call: Omit<KubeCall, "path">,
): Promise<{ ok: true; deployment: Deployment } | ActionFailure> {
  const sent = await kubeCall(place.connection, ctx, { ...call, path: deploymentPath(place) });
  if (!sent.ok) return sent;
  const parsed = Deployment.safeParse(jsonOf(sent.answer));
  return parsed.success
    ? { ok: true, deployment: parsed.data }
    : notKubernetes(call.act, call.mutating ? "unknown" : "no");
}

/** The API path of a Deployment. */
export function deploymentPath({ namespace, name }: Place): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${encodeURIComponent(name)}`;
}

/** Tells one pod template from another, whatever the order of its fields. */
export function templateDigest(deployment: Deployment): string {
  return digestOf(canonicalJson(deployment.spec.template)).slice(0, 16);
}
