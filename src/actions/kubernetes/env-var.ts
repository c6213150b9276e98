import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { failure } from "../failure.ts";
import { type Deployment, DeploymentInput, placeOf, readDeployment } from "./deployment.ts";

/** Values with such names would end up on the journal as the former value. */
const SECRET_NAME = /pass(word|wd)?|secret|token|api[-_]?key|credential|private[-_]?key|dsn/i;

/** The text of a variable; null where it is not set. */
export const EnvValue = z.string().max(1_024).nullable();

/** One plain variable of one container of a Deployment. */
export const EnvInput = DeploymentInput.extend({
  /** Needed when the pods have several containers. */
  container: z.string().max(253).optional(),
  env: z
    .string()
    .max(253)
    .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, "not a name of an environment variable")
    .refine((name) => !SECRET_NAME.test(name), "looks like a secret; secrets belong into a Secret"),
  /** null removes the variable. */
  value: EnvValue,
  /** Change only if the present value is this one; a revert carries what stanch had set. */
  expected: EnvValue.optional(),
});
export type EnvInput = z.infer<typeof EnvInput>;

/** A container with the present value of the variable. */
export type Env = { ok: true; deployment: Deployment; container: string; present: string | null };

const EnvList = z
  .array(z.looseObject({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() }))
  .default([]);

/** Finds the container and the present value; refuses what must not be written over. */
export async function readEnv(input: EnvInput, ctx: ActionContext): Promise<Env | ActionFailure> {
  const read = await readDeployment(placeOf(input, ctx.connections), ctx);
  if (!read.ok) return read;
  const { deployment } = read;
  if (deployment.spec.paused === true) return failure("refused", `${envAct(input)}: it is paused; resume it first`);
  const { containers } = deployment.spec.template.spec;
  const [only] = containers;
  const container =
    input.container === undefined && containers.length === 1
      ? only
      : containers.find(({ name }) => name === input.container);
  if (!container) {
    const names = containers.map(({ name }) => name).join(", ");
    return failure("invalid_input", `${envAct(input)}: name one of its containers: ${names}`);
  }
  const found = EnvList.safeParse(container["env"]).data?.find(({ name }) => name === input.env);
  if (found?.valueFrom !== undefined)
    return failure("refused", `${envAct(input)}: its value comes from elsewhere (valueFrom); change it there`);
  const present = found ? (found.value ?? "") : null;
  if (!EnvValue.safeParse(present).success)
    return failure("refused", `${envAct(input)}: its present value is too long to be restored`);
  if (input.expected !== undefined && present !== input.expected && present !== input.value)
    return changedSince(input, input.expected, present);
  return { ok: true, deployment, container: container.name, present };
}

/** The failure of a change whose precondition no longer holds. */
export function changedSince(input: EnvInput, expected: string | null, present: string | null): ActionFailure {
  const message = `${envAct(input)}: it is ${showEnv(present)} now, not ${showEnv(expected)}; somebody changed it since, so decide by hand`;
  return failure("conflict", message, { sent: "refused" });
}

/** Changes the one variable and leaves every other one, on the version that was read. */
export function envPatch({ env, value }: EnvInput, { metadata }: Deployment, container: string): object {
  const entry = value === null ? { name: env, $patch: "delete" } : { name: env, value };
  return {
    metadata: { resourceVersion: metadata.resourceVersion },
    spec: { template: { spec: { containers: [{ name: container, env: [entry] }] } } },
  };
}

/** Opens every message: `setting MAX_BATCH_SIZE of deployment primarch/vllm to "16"`. */
export function envAct({
  name,
  namespace,
  env,
  value,
}: Pick<EnvInput, "name" | "namespace" | "env" | "value">): string {
  const which = `deployment ${namespace === undefined ? name : `${namespace}/${name}`}`;
  return value === null ? `removing ${env} of ${which}` : `setting ${env} of ${which} to ${showEnv(value)}`;
}

/** A value as messages show it. */
export function showEnv(value: string | null): string {
  return value === null ? "unset" : JSON.stringify(value);
}
