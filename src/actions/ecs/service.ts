import type { Deployment, Service } from "@aws-sdk/client-ecs";
import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import type { Connection, Connections } from "../../core/connection.ts";
import type { Instant } from "../../core/time.ts";
import { failure } from "../failure.ts";
import { ConnectionName } from "../inputs.ts";
import { ecsCall, notEcs } from "./client.ts";

/** A cluster or service, by name or by ARN. */
export const EcsName = z
  .string()
  .max(512)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_:/-]*$/, "not a name or an ARN of ECS");

export const ServiceInput = z.strictObject({ connection: ConnectionName, cluster: EcsName, service: EcsName });
export type ServiceInput = z.infer<typeof ServiceInput>;

/** One deployment of a service; `createdAt` in milliseconds, `rolloutState` as ECS spells it. */
export type EcsDeployment = {
  id: string;
  status: string;
  rolloutState: string | null;
  reason: string | null;
  taskDefinition: string;
  desired: number;
  running: number;
  pending: number;
  failed: number;
  createdAt: Instant;
};

/** A service as DescribeServices shows it, with the newest events first. */
export type EcsService = {
  arn: string;
  status: string;
  controller: string;
  taskDefinition: string;
  desired: number;
  running: number;
  pending: number;
  deployments: readonly EcsDeployment[];
  events: readonly { at: Instant; message: string }[];
};

/** `prod/litellm`, whether names or ARNs were given. */
export function serviceName({ cluster, service }: Pick<ServiceInput, "cluster" | "service">): string {
  return `${shortName(cluster)}/${shortName(service)}`;
}

/** The lock key `ecs:cluster/service`, with the region in front when it is not that of the connection declared first. */
export function serviceTarget(input: ServiceInput, connections: Connections): string {
  const { identity = "" } = connections.find("ecs", input.connection);
  return `ecs:${identity === "" ? "" : `${identity}/`}${serviceName(input)}`;
}

function shortName(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
}

/** Reads one service. ECS reports an unknown one as a success with `failures`, which is `not_found` here. */
export async function readService(
  connection: Connection<"ecs">,
  ctx: Pick<ActionContext, "signal" | "fence">,
  input: ServiceInput,
): Promise<{ ok: true; service: EcsService } | ActionFailure> {
  const act = `reading ${serviceName(input)}`;
  const { cluster, service } = input;
  const read = await ecsCall(connection, ctx, {
    act,
    permission: "ecs:DescribeServices on the service",
    mutating: false,
    send: ({ client, library }, options) =>
      client.send(new library.DescribeServicesCommand({ cluster, services: [service] }), options),
  });
  if (!read.ok) return read;
  const [fault] = read.value.failures ?? [];
  if (fault)
    return failure(
      "not_found",
      `${act}: ECS says ${fault.reason ?? "it failed"}; check the names, the region and the account`,
    );
  const found = serviceOf(read.value.services?.[0]);
  return found ? { ok: true, service: found } : notEcs(act, "no");
}

/** Parses what the SDK typed but did not check; undefined when it is no service. */
export function serviceOf(raw: Service | undefined): EcsService | undefined {
  if (!raw?.serviceArn || !Array.isArray(raw.deployments)) return undefined;
  const deployments = raw.deployments.map(deploymentOf);
  if (!deployments.every((one) => one !== undefined)) return undefined;
  return {
    arn: raw.serviceArn,
    status: raw.status ?? "",
    controller: raw.deploymentController?.type ?? "ECS",
    taskDefinition: raw.taskDefinition ?? "",
    desired: raw.desiredCount ?? 0,
    running: raw.runningCount ?? 0,
    pending: raw.pendingCount ?? 0,
    deployments,
    events: (raw.events ?? []).map(({ createdAt, message }) => ({
      at: createdAt?.getTime() ?? 0,
      message: message ?? "",
    })),
  };
}

function deploymentOf(raw: Deployment): EcsDeployment | undefined {
  if (!raw.id || !raw.status || !(raw.createdAt instanceof Date)) return undefined;
  return {
    id: raw.id,
    status: raw.status,
    rolloutState: raw.rolloutState ?? null,
    reason: raw.rolloutStateReason ?? null,
    taskDefinition: raw.taskDefinition ?? "",
    desired: raw.desiredCount ?? 0,
    running: raw.runningCount ?? 0,
    pending: raw.pendingCount ?? 0,
    failed: raw.failedTasks ?? 0,
    createdAt: raw.createdAt.getTime(),
  };
}

/** The deployment that ECS is bringing in or has brought in. */
export function primaryOf(service: Pick<EcsService, "deployments">): EcsDeployment | undefined {
  return service.deployments.find(({ status }) => status === "PRIMARY");
}
