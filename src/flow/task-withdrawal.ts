import type { Write } from "../core/store.ts";
import type { Task } from "../core/task.ts";
import type { Instant } from "../core/time.ts";

/** What closes an open task whose step has ended: it calls nobody any more, and says so to whoever comes too late. */
export function withdrawalWrites(task: Task, at: Instant): readonly Write[] {
  return [
    { write: "put", kind: "task", id: task.id, body: { ...task, status: "withdrawn", withdrawnAt: at } },
    { write: "unindex", index: "tasks:open", member: task.id },
  ];
}
