import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { jsonOf } from "../http/endpoint.ts";
import { kubeCall, MERGE_PATCH, notKubernetes } from "./client.ts";
import { deploymentPath, type Place } from "./deployment.ts";

const Scale = z.object({
  metadata: z.object({ resourceVersion: z.string(), uid: z.string().optional() }),
  spec: z.object({ replicas: z.number().int().default(0) }),
});
/** The scale subresource of a Deployment: its wanted replicas, and the version they were read at. */
export type Scale = z.infer<typeof Scale>;

/** Reads how many replicas are wanted. */
export async function readScale(place: Place, ctx: ActionContext): Promise<{ ok: true; scale: Scale } | ActionFailure> {
  const act = `reading the scale of deployment ${place.namespace}/${place.name}`;
  const permission = `get on deployments/scale in ${place.namespace}`;
  const path = scalePath(place);
  const sent = await kubeCall(place.connection, ctx, { act, permission, method: "GET", path, mutating: false });
  if (!sent.ok) return sent;
  const parsed = Scale.safeParse(jsonOf(sent.answer));
  return parsed.success ? { ok: true, scale: parsed.data } : notKubernetes(act, "no");
}

/** Sets the wanted replicas if nothing has changed since `resourceVersion`; a lost race is a `conflict` worth building anew. */
export async function patchScale(
  place: Place,
  ctx: ActionContext,
  wanted: { act: string; replicas: number; resourceVersion: string },
): Promise<{ ok: true } | ActionFailure> {
  const { act, replicas, resourceVersion } = wanted;
  const sent = await kubeCall(place.connection, ctx, {
    act,
    permission: `patch on deployments/scale in ${place.namespace}`,
    method: "PATCH",
    path: scalePath(place),
    query: { fieldManager: "stanch", ...(ctx.dryRun && { dryRun: "All" }) },
    body: { contentType: MERGE_PATCH, value: { metadata: { resourceVersion }, spec: { replicas } } },
    mutating: !ctx.dryRun,
  });
  if (!sent.ok) return sent.reason === "conflict" ? { ...sent, retryable: true } : sent;
  const parsed = Scale.safeParse(jsonOf(sent.answer));
  return parsed.success && parsed.data.spec.replicas === replicas
    ? { ok: true }
    : notKubernetes(act, ctx.dryRun ? "no" : "unknown");
}

function scalePath(place: Place): string {
  return `${deploymentPath(place)}/scale`;
}
