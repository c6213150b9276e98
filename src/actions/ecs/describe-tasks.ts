import { z } from "zod";
import { define } from "../define.ts";
import { serviceName } from "./service.ts";
import { listTasks, readTasks, TasksInput, TaskView } from "./tasks.ts";

const TASKS_SHOWN = 15;

const Output = z.object({
  count: z.number(),
  /** Tasks that ECS calls UNHEALTHY. */
  unhealthy: z.number(),
  /** Tasks with a container that was killed for its memory. */
  outOfMemory: z.number(),
  tasks: z.array(TaskView),
});

/** `ecs.describe-tasks`: health, stop code and reason, exit codes and out-of-memory kills; counts are over at most 100 running and 100 stopped tasks, 15 are shown. */
export const ecsDescribeTasks = define<TasksInput, z.infer<typeof Output>>({
  name: "ecs.describe-tasks",
  connection: "ecs",
  effect: "read",
  input: TasksInput,
  output: Output,
  targets: () => [],
  describe: (input) => `read the tasks of ${serviceName(input)}`,
  async run(input, ctx) {
    const tasks: TaskView[] = [];
    for (const status of ["RUNNING", "STOPPED"] as const) {
      if (input.status !== undefined && input.status !== status) continue;
      const listed = await listTasks(input, status, ctx);
      if (!listed.ok) return listed;
      const read = await readTasks(input, listed.arns, ctx);
      if (!read.ok) return read;
      tasks.push(...read.tasks);
    }
    const output = {
      count: tasks.length,
      unhealthy: tasks.filter(({ health }) => health === "UNHEALTHY").length,
      outOfMemory: tasks.filter(({ containers }) => containers.some(isOutOfMemory)).length,
      tasks: tasks.slice(0, TASKS_SHOWN),
    };
    return { ok: true, done: true, output };
  },
});

function isOutOfMemory({ reason }: TaskView["containers"][number]): boolean {
  return /out ?of ?memory/i.test(reason);
}
