import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { EnvChange, envFault, showEnv } from "../env.ts";
import { failure } from "../failure.ts";
import { STRATEGIC_MERGE } from "./client.ts";
import {
  type Deployment,
  DeploymentInput,
  DeploymentUid,
  deploymentCall,
  madeAnew,
  type Place,
  placeOf,
  readDeployment,
  STEP_ANNOTATION,
} from "./deployment.ts";

/** One plain variable of one container of a Deployment. */
export const EnvInput = DeploymentInput.extend({ ...EnvChange, uid: DeploymentUid });
export type EnvInput = z.infer<typeof EnvInput>;

/** Where a variable is; without `container`, in the pods' only one. */
export type EnvPlace = { place: Place; container?: string | undefined; env: string };

/** A container with the present value of the variable, and the names of all its variables in their order. */
export type Env = {
  ok: true;
  deployment: Deployment;
  container: string;
  present: string | null;
  names: readonly string[];
};

const EnvList = z
  .array(z.looseObject({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() }))
  .default([]);

/** Finds the container and the variable's present value; `act` opens the message of a refusal. */
export async function findEnv(
  { place, container: wanted, env }: EnvPlace,
  act: string,
  ctx: ActionContext,
): Promise<Env | ActionFailure> {
  const read = await readDeployment(place, ctx);
  if (!read.ok) return read;
  const { deployment } = read;
  const { containers } = deployment.spec.template.spec;
  const [only] = containers;
  const container =
    wanted === undefined && containers.length === 1 ? only : containers.find(({ name }) => name === wanted);
  if (!container) {
    const names = containers.map(({ name }) => name).join(", ");
    return failure("invalid_input", `${act}: name one of its containers: ${names}`);
  }
  const list = EnvList.safeParse(container["env"]).data ?? [];
  const [found, second] = list.filter(({ name }) => name === env);
  // Processes get the last one, but a patch would change the first.
  if (second) return failure("refused", `${act}: it is listed twice; leave one`);
  if (found?.valueFrom !== undefined)
    return failure("refused", `${act}: its value comes from elsewhere (valueFrom); change it there`);
  const present = found ? (found.value ?? "") : null;
  return { ok: true, deployment, container: container.name, present, names: list.map(({ name }) => name) };
}

/** Finds what an action is to change; refuses what must not be written over. */
export async function readEnv(input: EnvInput, ctx: ActionContext): Promise<Env | ActionFailure> {
  const { container, env } = input;
  const act = envAct(input);
  const found = await findEnv({ place: placeOf(input, ctx.connections), container, env }, act, ctx);
  if (!found.ok) return found;
  const another = madeAnew(act, input.uid, found.deployment.metadata.uid);
  return another ?? pausedFault(found.deployment, act) ?? envFault(act, input, found.present) ?? found;
}

/** A paused Deployment would take the change and not roll it out. */
export function pausedFault({ spec }: Deployment, act: string): ActionFailure | undefined {
  return spec.paused === true ? failure("refused", `${act}: it is paused; resume it first`) : undefined;
}

/**
 * Changes the one variable and leaves every other one, on the version that was read and marked with the step's key. Losing against
 * a concurrent change is a definite refusal, worth another try from the reading on.
 */
export async function writeEnv(
  { place, env }: EnvPlace,
  found: Env,
  wanted: { act: string; value: string | null },
  ctx: ActionContext,
): Promise<{ ok: true; deployment: Deployment } | ActionFailure> {
  const { deployment, container: name } = found;
  const entry = wanted.value === null ? { name: env, $patch: "delete" } : { name: env, value: wanted.value };
  const { resourceVersion } = deployment.metadata;
  const value = {
    metadata: { resourceVersion, annotations: { [STEP_ANNOTATION]: ctx.stepKey } },
    spec: { template: { spec: { containers: [{ name, env: [entry], ...orderOf(found, env) }] } } },
  };
  const patched = await deploymentCall(place, ctx, {
    act: wanted.act,
    permission: `patch on deployments in ${place.namespace}`,
    method: "PATCH",
    query: { fieldManager: "stanch", ...(ctx.dryRun && { dryRun: "All" }) },
    body: { contentType: STRATEGIC_MERGE, value },
    mutating: !ctx.dryRun,
  });
  return !patched.ok && patched.reason === "conflict" ? { ...patched, retryable: true } : patched;
}

/** A new variable would stand first, where `$(NAME)` in its value finds no other one. */
function orderOf({ names, present }: Env, env: string): object {
  const order = [...new Set([...names, env])].map((name) => ({ name }));
  return present === null ? { "$setElementOrder/env": order } : {};
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
