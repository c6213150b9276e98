import type { ActionFailure } from "../../core/action.ts";
import type { Move } from "../../core/run/move.ts";
import { HUMAN_TASK } from "../../core/task.ts";
import { taskWithdrawal } from "./abandon.ts";
import { actionOf, callAction } from "./call.ts";
import { letGo, type Progress } from "./progress.ts";
import { recordFailure, recordResult } from "./record-result.ts";
import { isCutOff, nowOf, type Turn, withEvents } from "./turn.ts";

/** Asks once how a started step is doing; only reads. The step's own timeout ends the waiting. */
export async function pollStep(turn: Turn, move: Extract<Move, { kind: "poll" }>): Promise<Progress> {
  const { record, step } = move;
  const action = actionOf(turn, record.uses);
  const timeout = step?.timeout ?? 10 * 60_000;
  const at = nowOf(turn);
  const result = action?.poll
    ? await callAction(
        turn,
        { uses: record.uses, path: record.path, timeout },
        async (context) => action.poll?.(record.handle ?? {}, context) ?? gone(record.uses),
      )
    : gone(record.uses);
  if (!result.ok && isCutOff(turn)) return letGo(turn, at);
  const overdue = at >= record.at + timeout;
  if (result.ok && result.done) return recordResult(turn, record.path, result);
  if (result.ok && !overdue) return letGo(keepHandle(turn, record.path, record.handle, result), at + result.pollAfter);
  if (!result.ok && result.retryable && !overdue) return letGo(turn, at + 5_000);
  const failure = !result.ok && !overdue ? result : timedOut(record.uses, result.ok ? "" : `: ${result.message}`);
  const final: ActionFailure = { ...failure, retryable: false, sent: "refused" };
  return recordFailure(turn, record.path, final, await taskWithdrawal(turn, [record]));
}

function timedOut(uses: string, detail: string): ActionFailure {
  const message =
    uses === HUMAN_TASK ? "nobody has done it in time" : `${uses} has not finished within its timeout${detail}`;
  return { ok: false, reason: "timeout", message, retryable: false, sent: "refused" };
}

/** A handle that changed is journaled; the same one only needs its next wake-up. */
function keepHandle(
  turn: Turn,
  path: string,
  old: object | undefined,
  result: { handle: Readonly<Record<string, unknown>>; pollAfter: number },
): Turn {
  if (JSON.stringify(old) === JSON.stringify(result.handle)) return turn;
  const at = nowOf(turn);
  return withEvents(turn, [{ type: "started", at, path, handle: result.handle, until: at + result.pollAfter }]);
}

function gone(uses: string) {
  return {
    ok: false as const,
    reason: "not_configured" as const,
    message: `${uses} cannot be polled any more`,
    retryable: false,
    sent: "refused" as const,
  };
}
