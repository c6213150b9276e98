import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Intent, Output } from "../../core/action.ts";
import { isoTime } from "../../core/time.ts";
import { define } from "../define.ts";
import { failure } from "../failure.ts";
import { ended } from "../poll.ts";
import { STRATEGIC_MERGE } from "./client.ts";
import {
  type Deployment,
  DeploymentInput,
  deploymentCall,
  kubeTarget,
  type Place,
  placeOf,
  readDeployment,
  STEP_ANNOTATION,
} from "./deployment.ts";
import { pollRollout, RolloutOutput, rolloutHandle } from "./rollout.ts";

const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

const Input = DeploymentInput.extend({
  /** Restart even where the strategy Recreate ends every pod before a new one starts. */
  allowDowntime: z.boolean().default(false),
});
type Input = z.infer<typeof Input>;

const Before = z.object({ uid: z.string() });

/** How often a patch that lost against a concurrent change is built anew; each loss is a definite refusal. */
const ATTEMPTS = 3;
const FIRST_POLL = 1_000;

/**
 * `k8s.rollout-restart`: what `kubectl rollout restart` does to a Deployment, marked with the step's key. A patch carries the resource
 * version it was built on and is left out when the mark is there already, so that a repeat has no second effect.
 */
export const k8sRolloutRestart = define<Input, RolloutOutput>({
  name: "k8s.rollout-restart",
  connection: "kubernetes",
  effect: "disruptive",
  input: Input,
  output: RolloutOutput,
  conditional: true,
  targets: (input, connections) => [kubeTarget(placeOf(input, connections))],
  describe: ({ name, namespace, allowDowntime }) => {
    const where = namespace === undefined ? name : `${namespace}/${name}`;
    return `restart the pods of deployment ${where}${allowDowntime ? ", with downtime" : ""}`;
  },
  async prepare(input, ctx) {
    const read = await readRestartable(input, placeOf(input, ctx.connections), ctx);
    if (!read.ok) return read;
    const { metadata, spec } = read.deployment;
    const images = spec.template.spec.containers.slice(0, 20).map(({ image }) => image ?? "");
    return {
      ok: true,
      before: { generation: metadata.generation, uid: metadata.uid, replicas: spec.replicas, images },
    };
  },
  async run(input, ctx, recorded) {
    const uid = uidOf(recorded);
    let result = await restart(input, uid, ctx);
    for (let attempt = 1; attempt < ATTEMPTS && isLostRace(result); attempt++) result = await restart(input, uid, ctx);
    return result;
  },
  poll: (handle, ctx) => pollRollout(handle, ctx),
  reconcile,
});

function isLostRace(result: ActionResult): boolean {
  return !result.ok && result.reason === "conflict" && result.sent === "refused";
}

async function readRestartable(
  input: Input,
  place: Place,
  ctx: ActionContext,
): Promise<{ ok: true; deployment: Deployment } | ActionFailure> {
  const read = await readDeployment(place, ctx);
  if (!read.ok) return read;
  const { spec } = read.deployment;
  if (spec.paused === true) return failure("refused", `${actOf(place)}: it is paused; resume it first`);
  if (spec.strategy?.type === "Recreate" && !input.allowDowntime)
    return failure(
      "refused",
      `${actOf(place)}: its strategy Recreate ends every pod first; set allowDowntime if that is meant`,
    );
  return read;
}

/** The Deployment that `prepare` saw; undefined where none is recorded. */
function uidOf(recorded: Output | undefined): string | undefined {
  return Before.safeParse(recorded).data?.uid;
}

async function restart(
  input: Input,
  uid: string | undefined,
  ctx: ActionContext,
): Promise<ActionResult<RolloutOutput>> {
  const place = placeOf(input, ctx.connections);
  const read = await readRestartable(input, place, ctx);
  if (!read.ok) return read;
  const { deployment } = read;
  if (uid !== undefined && deployment.metadata.uid !== uid)
    return ended("superseded", `${actOf(place)}: it was deleted and made anew meanwhile`);
  if (markOf(deployment) === ctx.stepKey) return started(input, deployment);
  const patched = await deploymentCall(place, ctx, {
    act: actOf(place),
    permission: `patch on deployments in ${place.namespace}`,
    method: "PATCH",
    query: { fieldManager: "stanch", ...(ctx.dryRun && { dryRun: "All" }) },
    body: { contentType: STRATEGIC_MERGE, value: restartPatch(deployment, ctx) },
    mutating: !ctx.dryRun,
  });
  if (!patched.ok) return patched;
  if (!ctx.dryRun) return started(input, patched.deployment);
  const { generation } = patched.deployment.metadata;
  return {
    ok: true,
    done: true,
    output: { generation, replicas: deployment.spec.replicas, detail: "dry run: accepted" },
  };
}

function restartPatch({ metadata }: Deployment, { stepKey, now }: ActionContext): object {
  const mark = { [STEP_ANNOTATION]: stepKey };
  return {
    metadata: { resourceVersion: metadata.resourceVersion, annotations: mark },
    spec: { template: { metadata: { annotations: { ...mark, [RESTARTED_AT]: isoTime(now) } } } },
  };
}

function started(input: Input, deployment: Deployment): ActionResult<RolloutOutput> {
  return { ok: true, done: false, handle: rolloutHandle(input, deployment), pollAfter: FIRST_POLL };
}

function markOf({ spec }: Deployment): string | undefined {
  return spec.template.metadata?.annotations?.[STEP_ANNOTATION];
}

/** The mark on the object tells that our patch was stored, the one on the pod template whether its rollout still stands. */
async function reconcile(input: Input, ctx: ActionContext, intent: Intent) {
  const place = placeOf(input, ctx.connections);
  const read = await readDeployment(place, ctx);
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const { deployment } = read;
  if (markOf(deployment) === ctx.stepKey) return { verdict: "done" as const, result: started(input, deployment) };
  if (deployment.metadata.annotations?.[STEP_ANNOTATION] === ctx.stepKey) {
    const message = `${actOf(place)}: it was restarted, but somebody changed its pod template since`;
    return { verdict: "done" as const, result: failure("superseded", message, { sent: "refused" }) };
  }
  const uid = uidOf(intent.before);
  if (uid !== undefined && deployment.metadata.uid !== uid)
    return { verdict: "unknown" as const, detail: "the deployment was deleted and made anew, with its marks" };
  return {
    verdict: "not-done" as const,
    detail: `deployment ${place.namespace}/${place.name} does not carry this step's mark`,
  };
}

function actOf({ namespace, name }: Place): string {
  return `restarting deployment ${namespace}/${name}`;
}
