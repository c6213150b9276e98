import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Output } from "../../core/action.ts";
import { failure, quote } from "../failure.ts";
import { ended } from "../poll.ts";
import { type EcsDeployment, type EcsService, primaryOf, readService, ServiceInput, serviceName } from "./service.ts";

/** What a finished deployment leaves on the journal. */
export const DeploymentOutput = z.object({
  deploymentId: z.string(),
  taskDefinition: z.string(),
  formerDeploymentId: z.string(),
  formerTaskDefinition: z.string(),
});
export type DeploymentOutput = z.infer<typeof DeploymentOutput>;

const Handle = ServiceInput.extend({
  deploymentId: z.string(),
  formerDeploymentId: z.string(),
  formerTaskDefinition: z.string(),
});
/** A deployment of ours that is under way. */
export type DeploymentHandle = z.infer<typeof Handle>;

const POLL_EVERY = 5_000;

/** The deployment that a new one would follow; a service that takes none is refused, and `act` opens the message. */
export function deployable(service: EcsService, act: string): { ok: true; primary: EcsDeployment } | ActionFailure {
  if (service.status !== "ACTIVE") return failure("refused", `${act}: the service is ${service.status}, not ACTIVE`);
  if (service.controller !== "ECS")
    return failure("refused", `${act}: its deployments belong to ${service.controller}; deploy it there`);
  const primary = primaryOf(service);
  return primary
    ? { ok: true, primary }
    : failure("refused", `${act}: it has no PRIMARY deployment`, { retryable: true });
}

/**
 * Reads how our deployment fares. Done when it is PRIMARY and COMPLETED; `target_failed` when it FAILED or is gone, which is how a
 * circuit breaker's rollback looks; `superseded` when somebody else's newer one is PRIMARY. A read that fails is returned as it is: while it is retryable, the poll is repeated.
 */
export async function pollDeployment(raw: Output, ctx: ActionContext): Promise<ActionResult<DeploymentOutput>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the deployment cannot be read", { sent: "unknown" });
  const handle = parsed.data;
  const { connection, cluster, service } = handle;
  const read = await readService(ctx.connections.find("ecs", connection), ctx, { connection, cluster, service });
  return read.ok ? judge(handle, read.service) : read;
}

function judge(handle: DeploymentHandle, service: EcsService): ActionResult<DeploymentOutput> {
  const act = `redeploying ${serviceName(handle)}`;
  const ours = service.deployments.find(({ id }) => id === handle.deploymentId);
  const primary = primaryOf(service);
  if (!ours) return ended("target_failed", `${act}: ${handle.deploymentId} is gone; ${takeover(primary)}`);
  if (ours.rolloutState === "FAILED")
    return ended(
      "target_failed",
      `${act}: ${ours.id} failed (${quote(ours.reason ?? "no reason given")}); ${takeover(primary)}`,
    );
  if (ours.status !== "PRIMARY") return ended("superseded", `${act}: ${takeover(primary)}; somebody else deployed`);
  if (!isComplete(ours, service)) return { ok: true, done: false, handle: handle, pollAfter: POLL_EVERY };
  const { deploymentId, formerDeploymentId, formerTaskDefinition } = handle;
  const output = { deploymentId, taskDefinition: ours.taskDefinition, formerDeploymentId, formerTaskDefinition };
  return { ok: true, done: true, output };
}

/** Endpoints that report no rollout state are judged by their counts. */
function isComplete(ours: EcsDeployment, service: EcsService): boolean {
  if (ours.rolloutState !== null) return ours.rolloutState === "COMPLETED";
  return service.deployments.length === 1 && ours.running === ours.desired && ours.pending === 0;
}

/** Whether a deployment of the service is under way. Endpoints that report no rollout state are judged by what is being replaced. */
export function isDeploying({ deployments }: Pick<EcsService, "deployments">): boolean {
  if (deployments.every(({ rolloutState }) => rolloutState === null)) return deployments.length > 1;
  return deployments.some(({ rolloutState }) => rolloutState === "IN_PROGRESS");
}

function takeover(primary: EcsDeployment | undefined): string {
  return primary ? `${primary.id} with ${primary.taskDefinition} is PRIMARY now` : "no deployment is PRIMARY now";
}
