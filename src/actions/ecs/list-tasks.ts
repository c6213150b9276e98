import { z } from "zod";
import { define } from "../define.ts";
import { serviceName } from "./service.ts";
import { listTasks, TasksInput, taskId } from "./tasks.ts";

const Output = z.object({ running: z.array(z.string()), stopped: z.array(z.string()) });

/** `ecs.list-tasks`: ids of a service's tasks, running and lately stopped; at most 100 of each. */
export const ecsListTasks = define<TasksInput, z.infer<typeof Output>>({
  name: "ecs.list-tasks",
  connection: "ecs",
  effect: "read",
  input: TasksInput,
  output: Output,
  targets: () => [],
  describe: (input) => `list the tasks of ${serviceName(input)}`,
  async run(input, ctx) {
    const output: z.infer<typeof Output> = { running: [], stopped: [] };
    for (const status of ["RUNNING", "STOPPED"] as const) {
      if (input.status !== undefined && input.status !== status) continue;
      const listed = await listTasks(input, status, ctx);
      if (!listed.ok) return listed;
      output[status === "RUNNING" ? "running" : "stopped"] = listed.arns.map(taskId);
    }
    return { ok: true, done: true, output };
  },
});
