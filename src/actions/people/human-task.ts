import { z } from "zod";
import type { ActionContext, ActionResult, AnyAction } from "../../core/action.ts";
import type { Store } from "../../core/store.ts";
import { HUMAN_TASK, type Task, taskId } from "../../core/task.ts";
import { define } from "../define.ts";

const Input = z.strictObject({
  /** What the person is asked to do, in plain words. */
  ask: z.string().min(1).max(2_000),
});
const Output = z.object({ by: z.string(), answer: z.string() });
type Output = z.infer<typeof Output>;
const Handle = z.object({ task: z.string() });

/** People are slow; the step's own timeout ends the waiting. */
const LOOK_AFTER = 5_000;

/**
 * `human.task`: asks a person to do something and waits until they say that it is done (`POST /api/v1/tasks/:id`). The task's id
 * comes from the step key, so a repeated call finds the first one; the engine withdraws it when its step ends without an answer.
 */
export function createHumanTask(store: Pick<Store, "commit" | "get">): AnyAction {
  return define<z.infer<typeof Input>, Output>({
    name: HUMAN_TASK,
    effect: "read",
    tells: true,
    input: Input,
    output: Output,
    targets: () => [],
    describe: ({ ask }) => `ask a person: ${ask}`,
    async run({ ask }, ctx) {
      const id = taskId(ctx.stepKey);
      await store.commit({
        checks: [{ check: "rev", kind: "task", id, rev: 0 }],
        writes: [
          { write: "put", kind: "task", id, body: taskOf(id, ask, ctx) },
          { write: "index", index: "tasks", member: id, score: ctx.now },
          { write: "index", index: "tasks:open", member: id, score: ctx.now },
        ],
      });
      return { ok: true, done: false, handle: { task: id }, pollAfter: LOOK_AFTER };
    },
    poll: (handle) => look(store, handle),
  });
}

function taskOf(id: string, ask: string, ctx: ActionContext): Task {
  const [runId = ""] = ctx.stepKey.split("/");
  return { id, runId, ask, status: "open", createdAt: ctx.now };
}

async function look(
  store: Pick<Store, "get">,
  handle: Readonly<Record<string, unknown>>,
): Promise<ActionResult<Output>> {
  const { task: id } = Handle.parse(handle);
  const doc = await store.get<Task>("task", id);
  if (!doc) return { ok: false, reason: "not_found", message: `task ${id} is gone`, retryable: false, sent: "refused" };
  const { status, by = "", answer = "" } = doc.body;
  if (status === "open") return { ok: true, done: false, handle, pollAfter: LOOK_AFTER };
  if (status === "withdrawn")
    return { ok: false, reason: "superseded", message: `task ${id} was withdrawn`, retryable: false, sent: "refused" };
  return { ok: true, done: true, output: { by, answer } };
}
