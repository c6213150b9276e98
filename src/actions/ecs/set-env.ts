import { z } from "zod";
import type { ActionContext, ActionFailure, ActionResult, Output as Handled, Intent } from "../../core/action.ts";
import { define } from "../define.ts";
import { changedSince, EnvChange, EnvValue, EnvValues, envFault, envValues, showEnv } from "../env.ts";
import { failure } from "../failure.ts";
import { type DeploymentHandle, pollDeployment } from "./deployment.ts";
import { deploymentOf, findServiceEnv, revisionFault, type ServiceEnv, writeServiceEnv } from "./env-var.ts";
import { ServiceInput, serviceName, serviceTarget } from "./service.ts";

const Input = ServiceInput.extend(EnvChange);
type Input = z.infer<typeof Input>;

const Output = EnvValues.extend({ deploymentId: z.string(), taskDefinition: z.string() });
type Output = z.infer<typeof Output>;

const Before = z.object({ value: EnvValue });

const FIRST_POLL = 2_000;

/**
 * `ecs.set-env`: one plain environment variable of one container of a service, by a new revision of its task definition; the tasks are
 * replaced. The revert goes back to the former revision, or makes a new one where somebody has deployed since. ECS knows no
 * precondition, so that the action is not conditional.
 */
export const ecsSetEnv = define<Input, Output>({
  name: "ecs.set-env",
  connection: "ecs",
  effect: "disruptive",
  input: Input,
  output: Output,
  targets: ({ connection, cluster, service }, connections) => [
    serviceTarget({ connection, cluster, service }, connections),
  ],
  describe: (input) => `${actOf(input)}; its tasks are replaced`,
  async prepare(input, ctx) {
    const read = await readForChange(input, ctx);
    return read.ok ? { ok: true, before: { value: read.present } } : read;
  },
  async run(input, ctx, recorded) {
    const read = await readForChange(input, ctx);
    if (!read.ok) return read;
    const known = Before.safeParse(recorded);
    const former = known.success ? known.data.value : read.present;
    if (ctx.dryRun) return { ok: true, done: true, output: outputOf(input, former) };
    if (read.present === input.value) return standing(input, former, read);
    if (read.present !== former) return changedSince(actOf(input), former, read.present);
    const written = await writeServiceEnv(input, read, { act: actOf(input), value: input.value }, ctx);
    return written.ok ? started(input, former, written.handle) : written;
  },
  poll,
  reconcile,
  assume(input, recorded) {
    const before = Before.safeParse(recorded);
    return outputOf(input, before.success ? before.data.value : input.value);
  },
  /** What was set is taken from the input: an output has lost what looks like a credential. */
  revert: ({ connection, cluster, service, container, env, value }, { changed, former }) =>
    changed
      ? {
          uses: "ecs.set-env",
          with: {
            ...(connection !== undefined && { connection }),
            ...(container !== undefined && { container }),
            cluster,
            service,
            env,
            value: former,
            expected: value,
          },
        }
      : undefined,
});

async function readForChange(input: Input, ctx: ActionContext): Promise<ServiceEnv | ActionFailure> {
  const act = actOf(input);
  const found = await findServiceEnv(input, act, ctx);
  if (!found.ok) return found;
  return revisionFault(found, act) ?? envFault(act, input, found.present) ?? found;
}

/** The value is there already: what is left is the deployment that brings it in, or has brought it in. */
function standing(input: Input, former: string | null, found: ServiceEnv): ActionResult<Output> {
  const deployment = deploymentOf(input, found.service, found);
  return deployment
    ? started(input, former, deployment)
    : failure("refused", `${actOf(input)}: it has no PRIMARY deployment`, { retryable: true });
}

function started(input: Input, former: string | null, deployment: DeploymentHandle): ActionResult<Output> {
  const handle = { ...deployment, values: envValues(input.value, former) };
  return { ok: true, done: false, handle, pollAfter: FIRST_POLL };
}

function outputOf({ value }: Input, former: string | null): Output {
  return { deploymentId: "", taskDefinition: "", ...envValues(value, former) };
}

const Handle = z.looseObject({ values: EnvValues });

async function poll(raw: Handled, ctx: ActionContext): Promise<ActionResult<Output>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the deployment cannot be read", { sent: "unknown" });
  const { values, ...deployment } = parsed.data;
  const result = await pollDeployment(deployment, ctx);
  if (!result.ok) return result;
  if (!result.done) return { ...result, handle: { ...result.handle, values } };
  const { deploymentId, taskDefinition } = result.output;
  return { ...result, output: { deploymentId, taskDefinition, ...values } };
}

async function reconcile(input: Input, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  if (!before.success) return { verdict: "unknown" as const, detail: "the value before is not recorded" };
  const read = await findServiceEnv(input, actOf(input), ctx);
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const former = before.data.value;
  const { present } = read;
  if (present === input.value) return { verdict: "done" as const, result: standing(input, former, read) };
  return present === former
    ? { verdict: "not-done" as const, detail: `it is still ${showEnv(former)}` }
    : {
        verdict: "unknown" as const,
        detail: `it is ${showEnv(present)}, neither ${showEnv(former)} nor ${showEnv(input.value)}`,
      };
}

function actOf(input: Input): string {
  const where = serviceName(input);
  const { env, value } = input;
  return value === null ? `removing ${env} of ${where}` : `setting ${env} of ${where} to ${showEnv(value)}`;
}
