import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { failure } from "../failure.ts";
import { ecsCall, notEcs } from "./client.ts";
import { type DeploymentHandle, deployable } from "./deployment.ts";
import { type EcsService, primaryOf, readService, type ServiceInput, serviceOf } from "./service.ts";
import { type Fields, type Revision, readRevision, revisionWith } from "./task-definition.ts";

/** Where a variable is; without `container`, in the task's only one. */
export type EnvPlace = ServiceInput & { container?: string | undefined; env: string };

/** A service, the revision that it runs, and the variable's present value in it; null where it is not set. */
export type ServiceEnv = {
  ok: true;
  service: EcsService;
  revision: Revision;
  container: string;
  present: string | null;
};

/** Finds the variable in the task definition that the service runs; `act` opens the message of a refusal. */
export async function findServiceEnv(
  place: EnvPlace,
  act: string,
  ctx: ActionContext,
): Promise<ServiceEnv | ActionFailure> {
  const { connection: name, cluster, service } = place;
  const connection = ctx.connections.find("ecs", name);
  const read = await readService(connection, ctx, { connection: name, cluster, service });
  if (!read.ok) return read;
  const described = await readRevision(connection, read.service.taskDefinition, ctx);
  if (!described.ok) return described;
  const { revision } = described;
  const containers = revision.fields.containerDefinitions ?? [];
  const container = containerOf(containers, place.container);
  if (container?.name === undefined) {
    const names = containers.map((one) => one.name).join(", ");
    return failure("invalid_input", `${act}: name one of the task's containers: ${names}`);
  }
  if (container.secrets?.some((secret) => secret.name === place.env))
    return failure("refused", `${act}: its value comes from elsewhere (secrets); change it there`);
  const found = container.environment?.find((one) => one.name === place.env);
  const present = found ? (found.value ?? "") : null;
  return { ok: true, service: read.service, revision, container: container.name, present };
}

/** Why the service's task definition cannot be brought in anew with another value; `act` opens the message. */
export function revisionFault({ service, revision }: ServiceEnv, act: string): ActionFailure | undefined {
  const ready = deployable(service, act);
  if (!ready.ok) return ready;
  const [lost] = revision.dropped;
  return lost === undefined
    ? undefined
    : failure(
        "refused",
        `${act}: its task definition has ${lost}, which stanch does not know and would lose; deploy it by hand`,
      );
}

function containerOf(containers: readonly ContainerDefinition[], wanted: string | undefined) {
  if (wanted === undefined) return containers.length === 1 ? containers[0] : undefined;
  return containers.find(({ name }) => name === wanted);
}

/**
 * Brings a revision in that differs in the one variable only. ECS knows no precondition for that; going on to the same revision
 * again changes nothing. Taking back what stanch has set goes to the revision that was there before.
 */
export async function writeServiceEnv(
  place: EnvPlace,
  found: ServiceEnv,
  { act, value }: { act: string; value: string | null },
  ctx: ActionContext,
): Promise<{ ok: true; handle: DeploymentHandle } | ActionFailure> {
  const { cluster, service } = place;
  const connection = ctx.connections.find("ecs", place.connection);
  const fields = changed(found, place.env, value);
  const revision = await revisionWith(connection, { act, present: found.revision, fields }, ctx);
  if (!revision.ok) return revision;
  const taskDefinition = revision.arn;
  const updated = await ecsCall(connection, ctx, {
    act,
    permission: "ecs:UpdateService on the service",
    mutating: true,
    send: ({ client, library }, options) =>
      client.send(new library.UpdateServiceCommand({ cluster, service, taskDefinition }), options),
  });
  if (!updated.ok) return updated;
  const answered = serviceOf(updated.value.service);
  const handle = answered && deploymentOf(place, answered, found);
  return handle && answered && primaryOf(answered)?.taskDefinition === taskDefinition
    ? { ok: true, handle }
    : notEcs(act, "unknown");
}

/** What to poll on until the service's PRIMARY deployment is complete; undefined when it has none. */
export function deploymentOf(
  { connection, cluster, service }: EnvPlace,
  now: EcsService,
  before: Pick<ServiceEnv, "service" | "revision">,
): DeploymentHandle | undefined {
  const deploymentId = primaryOf(now)?.id;
  if (deploymentId === undefined) return undefined;
  const formerDeploymentId = primaryOf(before.service)?.id ?? "";
  return { connection, cluster, service, deploymentId, formerDeploymentId, formerTaskDefinition: before.revision.arn };
}

function changed({ revision, container }: ServiceEnv, env: string, value: string | null): Fields {
  const containerDefinitions = revision.fields.containerDefinitions?.map((one) =>
    one.name === container ? withVariable(one, env, value) : one,
  );
  return { ...revision.fields, containerDefinitions };
}

function withVariable(container: ContainerDefinition, name: string, value: string | null): ContainerDefinition {
  const others = (container.environment ?? []).filter((one) => one.name !== name);
  return { ...container, environment: value === null ? others : [...others, { name, value }] };
}
