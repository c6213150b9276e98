import { z } from "zod";
import type { ActionContext, ActionResult, Output as Handled, Intent } from "../../core/action.ts";
import { define } from "../define.ts";
import { changedSince, EnvValue, EnvValues, envValues, showEnv } from "../env.ts";
import { failure } from "../failure.ts";
import { replaced } from "../poll.ts";
import { type Deployment, DeploymentUid, kubeTarget, placeOf, STEP_ANNOTATION } from "./deployment.ts";
import { EnvInput, envAct, readEnv, writeEnv } from "./env-var.ts";
import { pollRollout, RolloutOutput, rolloutHandle } from "./rollout.ts";

const Output = RolloutOutput.extend({ ...EnvValues.shape, uid: DeploymentUid });
type Output = z.infer<typeof Output>;

const Before = z.object({ value: EnvValue, uid: DeploymentUid });
type Before = z.infer<typeof Before>;

const ATTEMPTS = 3;
const FIRST_POLL = 1_000;

/** `k8s.set-env`: one plain environment variable of one container; the pods are replaced. The revert brings the former value back. */
export const k8sSetEnv = define<EnvInput, Output>({
  name: "k8s.set-env",
  connection: "kubernetes",
  effect: "disruptive",
  input: EnvInput,
  output: Output,
  conditional: true,
  targets: (input, connections) => [kubeTarget(placeOf(input, connections))],
  describe: (input) => `${envAct(input)}; its pods are replaced`,
  async prepare(input, ctx) {
    const read = await readEnv(input, ctx);
    return read.ok ? { ok: true, before: { value: read.present, uid: read.deployment.metadata.uid } } : read;
  },
  async run(input, ctx, recorded) {
    const before = Before.safeParse(recorded).data;
    let result = await change(input, ctx, before);
    for (let attempt = 1; attempt < ATTEMPTS && isStale(result); attempt++) result = await change(input, ctx, before);
    return result;
  },
  poll,
  reconcile,
  assume(input, recorded) {
    const { value: former, uid } = Before.safeParse(recorded).data ?? { value: input.value };
    const values = envValues(input.value, former);
    return { generation: 0, replicas: 0, detail: "said by a person", ...values, ...(uid !== undefined && { uid }) };
  },
  /** What was set is taken from the input: an output has lost what looks like a credential. */
  revert: ({ connection, namespace, name, container, env, value }, { changed, former, uid }) =>
    changed
      ? {
          uses: "k8s.set-env",
          with: {
            ...(connection !== undefined && { connection }),
            ...(namespace !== undefined && { namespace }),
            ...(container !== undefined && { container }),
            name,
            env,
            value: former,
            expected: value,
            ...(uid !== undefined && { uid }),
          },
        }
      : undefined,
});

function isStale(result: ActionResult): boolean {
  return !result.ok && result.reason === "conflict" && result.retryable;
}

async function change(input: EnvInput, ctx: ActionContext, before: Before | undefined): Promise<ActionResult<Output>> {
  const read = await readEnv({ ...input, uid: input.uid ?? before?.uid }, ctx);
  if (!read.ok) return read;
  const { deployment, present } = read;
  const former = before?.value;
  if (present === input.value) return started(input, deployment, former === undefined ? present : former);
  if (former !== undefined && present !== former) return changedSince(envAct(input), former, present);
  const place = placeOf(input, ctx.connections);
  const wanted = { act: envAct(input), value: input.value };
  const patched = await writeEnv({ place, env: input.env }, read, wanted, ctx);
  if (!patched.ok) return patched;
  if (!ctx.dryRun) return started(input, patched.deployment, present);
  const { generation } = patched.deployment.metadata;
  const { replicas } = deployment.spec;
  return {
    ok: true,
    done: true,
    output: { generation, replicas, detail: "dry run: accepted", ...envValues(input.value, present) },
  };
}

const Handle = z.looseObject({ values: EnvValues, uid: DeploymentUid });

async function poll(raw: Handled, ctx: ActionContext): Promise<ActionResult<Output>> {
  const parsed = Handle.safeParse(raw);
  if (!parsed.success) return failure("internal", "the handle of the rollout cannot be read", { sent: "unknown" });
  const { values, ...rollout } = parsed.data;
  const { uid } = rollout;
  const result = await pollRollout(rollout, ctx);
  if (!result.ok) return result;
  return result.done
    ? { ...result, output: { ...result.output, ...values, ...(uid !== undefined && { uid }) } }
    : { ...result, handle: { ...result.handle, values } };
}

function started(input: EnvInput, deployment: Deployment, former: string | null): ActionResult<Output> {
  const handle = { ...rolloutHandle(input, deployment), values: envValues(input.value, former) };
  return { ok: true, done: false, handle, pollAfter: FIRST_POLL };
}

async function reconcile(input: EnvInput, ctx: ActionContext, intent: Intent) {
  const before = Before.safeParse(intent.before);
  if (!before.success) return { verdict: "unknown" as const, detail: "the value before is not recorded" };
  const read = await readEnv({ ...input, expected: undefined, uid: before.data.uid }, ctx);
  if (!read.ok) return { verdict: "unknown" as const, detail: read.message };
  const former = before.data.value;
  if (read.present === input.value)
    return { verdict: "done" as const, result: started(input, read.deployment, former) };
  if (read.deployment.metadata.annotations?.[STEP_ANNOTATION] === ctx.stepKey)
    return replaced(envAct(input), showEnv(read.present));
  return read.present === former
    ? { verdict: "not-done" as const, detail: `it is still ${showEnv(former)}` }
    : {
        verdict: "unknown" as const,
        detail: `it is ${showEnv(read.present)}, neither ${showEnv(former)} nor ${showEnv(input.value)}`,
      };
}
