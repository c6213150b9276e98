import type { RunEvent } from "../../core/run/events.ts";
import type { Move } from "../../core/run/move.ts";
import type { StepRecord } from "../../core/run/run.ts";
import { type Task, taskId } from "../../core/task.ts";
import { withdrawalWrites } from "../task-withdrawal.ts";
import { actionOf } from "./call.ts";
import { goOn, type Progress } from "./progress.ts";
import { type Extra, nowOf, type Turn, withEvents } from "./turn.ts";

/** Ends steps that are not waited for any more as cancelled, and withdraws what people were asked to do for them. */
export async function abandonSteps(turn: Turn, { records }: Extract<Move, { kind: "abandon" }>): Promise<Progress> {
  const at = nowOf(turn);
  const events = records.map((record): RunEvent => {
    const message = asks(turn, record) ? "nobody has to do it any more" : "it is not waited for any more";
    return { type: "outcome", at, path: record.path, outcome: "cancelled", message };
  });
  return goOn(withEvents(turn, events), await taskWithdrawal(turn, records));
}

/** What closes the tasks of steps that end without an answer. One that comes at the same moment counts: the commit is refused. */
export async function taskWithdrawal(turn: Turn, records: readonly StepRecord[]): Promise<Extra> {
  const asking = records.filter((record) => asks(turn, record));
  if (asking.length === 0) return {};
  const ids = asking.map(({ path }) => taskId(`${turn.run.created.id}/${path}`));
  const docs = await turn.deps.store.getMany<Task>("task", ids);
  const open = docs.flatMap((doc) => (doc?.body.status === "open" ? [doc] : []));
  return {
    checks: open.map(({ body, rev }) => ({ check: "rev", kind: "task", id: body.id, rev })),
    writes: open.flatMap(({ body }) => withdrawalWrites(body, nowOf(turn))),
  };
}

function asks(turn: Turn, { uses }: StepRecord): boolean {
  return actionOf(turn, uses)?.tells === true;
}
