import type { Task } from "@aws-sdk/client-ecs";
import { z } from "zod";
import type { ActionContext, ActionFailure } from "../../core/action.ts";
import { isoTime } from "../../core/time.ts";
import { quote } from "../failure.ts";
import { ecsCall, notEcs } from "./client.ts";
import { ServiceInput, serviceName } from "./service.ts";

/** Tasks of a service; without `status` both the running and the lately stopped ones, because ECS itself lists only running ones. */
export const TasksInput = ServiceInput.extend({ status: z.enum(["RUNNING", "STOPPED"]).optional() });
export type TasksInput = z.infer<typeof TasksInput>;

/** One task as people look at it: why it ended, and how its containers did. */
export const TaskView = z.object({
  id: z.string(),
  status: z.string(),
  health: z.string(),
  stopCode: z.string(),
  stoppedReason: z.string(),
  startedAt: z.string().nullable(),
  stoppedAt: z.string().nullable(),
  containers: z.array(z.object({ name: z.string(), exitCode: z.number().nullable(), reason: z.string() })),
});
export type TaskView = z.infer<typeof TaskView>;

/** ARNs of the service's tasks with one desired status, at most 100. */
export async function listTasks(
  input: TasksInput,
  desiredStatus: "RUNNING" | "STOPPED",
  ctx: ActionContext,
): Promise<{ ok: true; arns: readonly string[] } | ActionFailure> {
  const { cluster, service } = input;
  const act = `listing tasks of ${serviceName(input)}`;
  const read = await ecsCall(ctx.connections.find("ecs", input.connection), ctx, {
    act,
    permission: "ecs:ListTasks on the cluster",
    mutating: false,
    send: ({ client, library }, options) =>
      client.send(
        new library.ListTasksCommand({ cluster, serviceName: service, desiredStatus, maxResults: 100 }),
        options,
      ),
  });
  if (!read.ok) return read;
  return Array.isArray(read.value.taskArns) ? { ok: true, arns: read.value.taskArns } : notEcs(act, "no");
}

/** The tasks behind these ARNs; one that ECS has forgotten meanwhile is left out. */
export async function readTasks(
  input: TasksInput,
  arns: readonly string[],
  ctx: ActionContext,
): Promise<{ ok: true; tasks: readonly TaskView[] } | ActionFailure> {
  if (arns.length === 0) return { ok: true, tasks: [] };
  const act = `reading tasks of ${serviceName(input)}`;
  const read = await ecsCall(ctx.connections.find("ecs", input.connection), ctx, {
    act,
    permission: "ecs:DescribeTasks on the cluster",
    mutating: false,
    send: ({ client, library }, options) =>
      client.send(new library.DescribeTasksCommand({ cluster: input.cluster, tasks: [...arns] }), options),
  });
  if (!read.ok) return read;
  return Array.isArray(read.value.tasks) ? { ok: true, tasks: read.value.tasks.map(viewOf) } : notEcs(act, "no");
}

/** The last part of a task's ARN. */
export function taskId(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function viewOf(task: Task): TaskView {
  const time = (at: Date | undefined) => (at instanceof Date ? isoTime(at.getTime()) : null);
  return {
    id: taskId(task.taskArn ?? ""),
    status: task.lastStatus ?? "",
    health: task.healthStatus ?? "UNKNOWN",
    stopCode: task.stopCode ?? "",
    stoppedReason: quote(task.stoppedReason ?? ""),
    startedAt: time(task.startedAt),
    stoppedAt: time(task.stoppedAt),
    containers: (task.containers ?? []).slice(0, 10).map(({ name, exitCode, reason }) => ({
      name: name ?? "",
      exitCode: exitCode ?? null,
      reason: quote(reason ?? ""),
    })),
  };
}
