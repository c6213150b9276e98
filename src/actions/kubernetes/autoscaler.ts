import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { jsonOf } from "../http/endpoint.ts";
import { kubeCall, notKubernetes } from "./client.ts";
import type { Place } from "./deployment.ts";

const List = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }),
    }),
  ),
});

/**
 * The HorizontalPodAutoscaler that owns a Deployment's count, if any. Where listing them is not permitted, that is logged and none is
 * assumed: the permission is not among those that scaling itself needs.
 */
export async function autoscalerOf(
  { connection, namespace, name }: Place,
  ctx: ActionContext,
): Promise<{ ok: true; name: string | undefined } | ActionFailure> {
  const act = `looking for an autoscaler of deployment ${namespace}/${name}`;
  const sent = await kubeCall(connection, ctx, {
    act,
    permission: `list on horizontalpodautoscalers in ${namespace}`,
    method: "GET",
    path: `/apis/autoscaling/v2/namespaces/${encodeURIComponent(namespace)}/horizontalpodautoscalers`,
    mutating: false,
  });
  if (!sent.ok && sent.reason === "denied") {
    ctx.log.warn(
      { namespace, deployment: name },
      "horizontalpodautoscalers cannot be listed; one could undo a scaling",
    );
    return { ok: true, name: undefined };
  }
  if (!sent.ok) return sent;
  const list = List.safeParse(jsonOf(sent.answer));
  if (!list.success) return notKubernetes(act, "no");
  const owner = list.data.items.find(
    ({ spec }) => spec.scaleTargetRef.kind === "Deployment" && spec.scaleTargetRef.name === name,
  );
  return { ok: true, name: owner?.metadata.name };
}
