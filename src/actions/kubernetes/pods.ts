import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection, Connections } from "../../core/connection.ts";
import { failure } from "../failure.ts";
import { jsonOf } from "../http/endpoint.ts";
import { ConnectionName } from "../inputs.ts";
import { kubeCall, notKubernetes } from "./client.ts";
import { KubeName, placeOf } from "./deployment.ts";

/** Pods by their labels; an empty selector would mean every pod, so it is refused. */
export const PodsInput = z.strictObject({
  connection: ConnectionName,
  namespace: KubeName.optional(),
  /** Label selector of equalities: `app=litellm-router,tier=web`. */
  selector: z
    .string()
    .max(500)
    .regex(
      /^[A-Za-z0-9./_-]+=[A-Za-z0-9._-]+(,[A-Za-z0-9./_-]+=[A-Za-z0-9._-]+)*$/,
      "a selector reads label=value,label=value",
    ),
});
export type PodsInput = z.infer<typeof PodsInput>;

const State = z
  .object({
    waiting: z.object({ reason: z.string().optional() }).optional(),
    terminated: z.object({ reason: z.string().optional(), exitCode: z.number().optional() }).optional(),
  })
  .optional();

const ContainerStatus = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: State,
  lastState: State,
});

export const Pod = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
  spec: z.object({ containers: z.array(z.object({ name: z.string() })) }),
  status: z
    .object({
      phase: z.string().default("Unknown"),
      reason: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
      containerStatuses: z.array(ContainerStatus).optional(),
    })
    .default({ phase: "Unknown" }),
});
export type Pod = z.infer<typeof Pod>;

const PodList = z.object({
  kind: z.literal("PodList"),
  /** `continue` is there when this is not all. */
  metadata: z.object({ continue: z.string().optional() }).default({}),
  items: z.array(Pod),
});
const MOST_PODS = 500;

/** Where the pods live. */
export function podPlace(
  input: PodsInput,
  connections: Connections,
): { connection: Connection<"kubernetes">; namespace: string } {
  return placeOf({ ...input, name: input.selector }, connections);
}

/** The pods that the selector finds; more than 500 are a failure, because a part of them would be judged as all. */
export async function listPods(
  input: PodsInput,
  ctx: ActionContext,
): Promise<{ ok: true; pods: readonly Pod[] } | ActionFailure> {
  const { connection, namespace } = podPlace(input, ctx.connections);
  const act = `listing pods ${input.selector} in ${namespace}`;
  const sent = await kubeCall(connection, ctx, {
    act,
    permission: `list on pods in ${namespace}`,
    method: "GET",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    query: { labelSelector: input.selector, limit: `${MOST_PODS}` },
    mutating: false,
  });
  if (!sent.ok) return sent;
  const list = PodList.safeParse(jsonOf(sent.answer));
  if (!list.success) return notKubernetes(act, "no");
  const { metadata, items } = list.data;
  return metadata.continue === undefined || metadata.continue === ""
    ? { ok: true, pods: items }
    : failure("refused", `${act}: there are more than ${MOST_PODS}; narrow the selector`);
}

/** Ready as Kubernetes means it: the condition Ready holds and the pod is not ending. */
export function isReady({ metadata, status }: Pod): boolean {
  const holds = status.conditions?.some(({ type, status: held }) => type === "Ready" && held === "True");
  return holds === true && metadata.deletionTimestamp === undefined;
}
