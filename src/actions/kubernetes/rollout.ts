import { z } from "zod";
import type { ActionContext, ActionResult, Output } from "../../core/action.ts";
import { failure, quote } from "../failure.ts";
import { ended } from "../poll.ts";
import { type Deployment, DeploymentInput, placeOf, readDeployment, templateDigest } from "./deployment.ts";

/** How far a rollout is, in the order in which kubectl asks. */
export type Rollout = { state: "complete" | "progressing" | "failed"; detail: string };

/** Judges a Deployment's rollout: `kubectl rollout status`, with absent counts as 0. */
export function rolloutOf({ metadata, spec, status }: Deployment): Rollout {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status;
  if (metadata.generation > observedGeneration) return progressing("the change has not been observed yet");
  const condition = conditions.find(({ type }) => type === "Progressing");
  if (condition?.reason === "ProgressDeadlineExceeded")
    return { state: "failed", detail: quote(condition.message ?? "its progress deadline has passed") };
  if (updatedReplicas < spec.replicas) return progressing(`${updatedReplicas} of ${spec.replicas} replicas are new`);
  if (replicas > updatedReplicas) return progressing(`${replicas - updatedReplicas} old replicas are ending`);
  if (availableReplicas < updatedReplicas)
    return progressing(`${availableReplicas} of ${updatedReplicas} new replicas are available`);
  return { state: "complete", detail: `${availableReplicas} replicas are available` };
}

function progressing(detail: string): Rollout {
  return { state: "progressing", detail };
}

/** What a finished rollout leaves on the journal. */
export const RolloutOutput = z.object({ generation: z.number(), replicas: z.number(), detail: z.string() });
export type RolloutOutput = z.infer<typeof RolloutOutput>;

const Handle = DeploymentInput.extend({
  generation: z.number(),
  uid: z.string(),
  template: z.string(),
});
/** A rollout of ours: the Deployment, and the pod template that it brings in. */
export type RolloutHandle = z.infer<typeof Handle>;

const POLL_EVERY = 3_000;

/** The handle to poll a rollout by, from what the API server answered to our patch. */
export function rolloutHandle(input: DeploymentInput, deployment: Deployment): RolloutHandle {
  const { connection, namespace, name } = input;
  const { generation, uid } = deployment.metadata;
  return { connection, namespace, name, generation, uid, template: templateDigest(deployment) };
}

/**
 * Reads how our rollout fares. A generation that moved on with our pod template still in place is a scaling, which changes nothing;
 * with another template somebody else has rolled out: `superseded`.
 */
export async function pollRollout(raw: Output, ctx: ActionContext): Promise<ActionResult<RolloutOutput>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the rollout cannot be read", { sent: "unknown" });
  const handle = parsed.data;
  const { connection, namespace, name } = handle;
  const read = await readDeployment(placeOf({ connection, namespace, name }, ctx.connections), ctx);
  if (read.ok) return judge(handle, read.deployment);
  return read.reason === "not_found" ? ended("not_found", read.message) : read;
}

function judge(handle: RolloutHandle, deployment: Deployment): ActionResult<RolloutOutput> {
  const act = `rolling out ${handle.name}`;
  const { generation, uid } = deployment.metadata;
  if (uid !== handle.uid) return ended("superseded", `${act}: the Deployment was deleted and made anew meanwhile`);
  if (generation !== handle.generation && templateDigest(deployment) !== handle.template)
    return ended("superseded", `${act}: somebody changed its pod template meanwhile (generation ${generation})`);
  const { state, detail } = rolloutOf(deployment);
  if (state === "failed") return ended("target_failed", `${act}: ${detail}; look at its pods`);
  if (state === "progressing") return { ok: true, done: false, handle, pollAfter: POLL_EVERY };
  return { ok: true, done: true, output: { generation, replicas: deployment.spec.replicas, detail } };
}
