import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Intent } from "../../core/action.ts";
import { define } from "../define.ts";
import { ecsCall, notEcs } from "./client.ts";
import { type DeploymentHandle, DeploymentOutput, deployable, pollDeployment } from "./deployment.ts";
import {
  type EcsService,
  primaryOf,
  readService,
  ServiceInput,
  serviceName,
  serviceOf,
  serviceTarget,
} from "./service.ts";

const Before = z.object({
  primary: z.string(),
  taskDefinition: z.string(),
  /** Every deployment that was there before. */
  known: z.array(z.string()),
});
type Before = z.infer<typeof Before>;

const FIRST_POLL = 2_000;
/** By how much the intent's clock (Redis's, as this worker knows it) may be ahead of that of AWS for a deployment still to be taken for ours. */
const CLOCKS_DIFFER_BY = 5_000;

/**
 * `ecs.redeploy`: UpdateService with forceNewDeployment. ECS has no client token, so a repeat would be a second deployment: the
 * action is not conditional. Success is our own deployment being PRIMARY and COMPLETED, not a stable service.
 */
export const ecsRedeploy = define<ServiceInput, DeploymentOutput>({
  name: "ecs.redeploy",
  connection: "ecs",
  effect: "disruptive",
  input: ServiceInput,
  output: DeploymentOutput,
  targets: (input, connections) => [serviceTarget(input, connections)],
  describe: (input) => `force a new deployment of ${serviceName(input)}`,
  async prepare(input, ctx) {
    const read = await readBefore(input, ctx);
    return read.ok ? { ok: true, before: read.before } : read;
  },
  async run(input, ctx, recorded) {
    const known = Before.safeParse(recorded);
    const read =
      known.success && !ctx.dryRun ? { ok: true as const, before: known.data } : await readBefore(input, ctx);
    if (!read.ok) return read;
    return ctx.dryRun ? dryResult(read.before) : redeploy(input, ctx, read.before);
  },
  poll: (handle, ctx) => pollDeployment(handle, ctx),
  reconcile,
});

async function readBefore(
  input: ServiceInput,
  ctx: ActionContext,
): Promise<{ ok: true; before: Before } | ActionFailure> {
  const act = `redeploying ${serviceName(input)}`;
  const read = await readService(ctx.connections.find("ecs", input.connection), ctx, input);
  if (!read.ok) return read;
  const { service } = read;
  const ready = deployable(service, act);
  if (!ready.ok) return ready;
  const { primary } = ready;
  const known = service.deployments.map(({ id }) => id);
  return { ok: true, before: { primary: primary.id, taskDefinition: primary.taskDefinition, known } };
}

async function redeploy(
  input: ServiceInput,
  ctx: ActionContext,
  before: Before,
): Promise<ActionResult<DeploymentOutput>> {
  const act = `redeploying ${serviceName(input)}`;
  const { cluster, service } = input;
  const updated = await ecsCall(ctx.connections.find("ecs", input.connection), ctx, {
    act,
    permission: "ecs:UpdateService on the service",
    mutating: true,
    send: ({ client, library }, options) =>
      client.send(new library.UpdateServiceCommand({ cluster, service, forceNewDeployment: true }), options),
  });
  if (!updated.ok) return updated;
  const found = serviceOf(updated.value.service);
  const ours = found && primaryOf(found);
  if (!ours || before.known.includes(ours.id)) return notEcs(act, "unknown");
  return started(input, before, ours.id);
}

function started(input: ServiceInput, before: Before, deploymentId: string): ActionResult<DeploymentOutput> {
  const { primary: formerDeploymentId, taskDefinition: formerTaskDefinition } = before;
  const handle: DeploymentHandle = { ...input, deploymentId, formerDeploymentId, formerTaskDefinition };
  return { ok: true, done: false, handle, pollAfter: FIRST_POLL };
}

function dryResult({ primary, taskDefinition }: Before): ActionResult<DeploymentOutput> {
  const former = { formerDeploymentId: primary, formerTaskDefinition: taskDefinition };
  return { ok: true, done: true, output: { deploymentId: "", taskDefinition, ...former } };
}

/**
 * A deployment of the same task definition that is new since `prepare` and was created after the intent is ours; the two clocks may differ a
 * little. One that is new and looks older by more may be ours as well: people are asked.
 */
async function reconcile(input: ServiceInput, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  if (!before.success)
    return { verdict: "unknown" as const, detail: "which deployment was PRIMARY before is not recorded" };
  const read = await readService(ctx.connections.find("ecs", input.connection), ctx, input);
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const ours = candidate(read.service, before.data, intent);
  if (ours !== undefined) return { verdict: "done" as const, result: started(input, before.data, ours) };
  const primary = primaryOf(read.service);
  if (primary === undefined || before.data.known.includes(primary.id))
    return { verdict: "not-done" as const, detail: `no deployment of ${serviceName(input)} is newer than the intent` };
  const whose =
    primary.taskDefinition === before.data.taskDefinition
      ? "came in about then; it may be ours or somebody else's"
      : "took over meanwhile; ours may have been before it";
  return { verdict: "unknown" as const, detail: `${primary.id} with ${primary.taskDefinition} ${whose}` };
}

function candidate(service: EcsService, before: Before, intent: Intent): string | undefined {
  const isOurs = ({ id, taskDefinition, createdAt }: EcsService["deployments"][number]) =>
    !before.known.includes(id) && taskDefinition === before.taskDefinition && createdAt >= intent.at - CLOCKS_DIFFER_BY;
  return service.deployments.filter(isOurs).sort((a, b) => a.createdAt - b.createdAt)[0]?.id;
}
