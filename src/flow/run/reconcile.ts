import type { ActionFailure, AnyAction } from "../../core/action.ts";
import { cutText, redactText } from "../../core/redact.ts";
import type { Move } from "../../core/run/move.ts";
import { questionOf } from "../../core/run/open-outcome.ts";
import type { StepRecord } from "../../core/run/run.ts";
import { stepOf } from "../../core/run/undo-move.ts";
import { actionOf, CALL_WITHIN, callAction } from "./call.ts";
import { letGo, type Progress } from "./progress.ts";
import { recordResult } from "./record-result.ts";
import { retryDelay } from "./retry.ts";
import { saveOutcome } from "./save-outcome.ts";
import { isCutOff, nowOf, type Turn, withEvents } from "./turn.ts";

/** Why the outcome has to be looked up; the reason of the failure that the call itself saw. */
type Cause = Pick<ActionFailure, "message"> & Partial<Pick<ActionFailure, "reason">>;

type Verdict = Awaited<ReturnType<NonNullable<AnyAction["reconcile"]>>>;

/** A crash left an intent without an outcome: only the target can tell what happened. */
export async function reconcileStep(turn: Turn, move: Extract<Move, { kind: "reconcile" }>): Promise<Progress> {
  return settle(turn, move.record, { message: "the worker that called it ended before it could record the outcome" });
}

/** A call ended without a clear answer (a timeout, a broken connection): look before anything else happens. */
export async function reconcileNow(turn: Turn, path: string, failure: ActionFailure): Promise<Progress> {
  const record = turn.run.steps.get(path);
  return record ? settle(turn, record, failure) : { kind: "reload" };
}

/** Of what the target was found to say, for people: so many characters. */
const MESSAGE = 1_000;

async function settle(turn: Turn, record: StepRecord, cause: Cause): Promise<Progress> {
  const why = cause.message;
  const verdict = await look(turn, record);
  if (verdict.verdict === "done") return recordResult(turn, record.path, verdict.result, why);
  const isRepeated = verdict.verdict === "not-done" || verdict.verdict === "repeatable";
  if (isRepeated && actionOf(turn, record.uses)?.conditional) return again(turn, record, cause, verdict);
  if (verdict.verdict === "unknown" && isCutOff(turn) && actionOf(turn, record.uses)?.reconcile)
    return letGo(turn, nowOf(turn));
  return askWhatHappened(turn, record, `${why}; ${verdict.detail}`);
}

async function look(turn: Turn, record: StepRecord): Promise<Verdict> {
  const action = actionOf(turn, record.uses);
  if (!action?.reconcile) return { verdict: "unknown", detail: `${record.uses} cannot be looked up afterwards` };
  const intent = {
    at: record.at,
    attempt: record.attempt,
    ...(record.before === undefined ? {} : { before: record.before }),
  };
  let verdict: Verdict = { verdict: "unknown", detail: "the target could not be read" };
  const result = await callAction(
    turn,
    { uses: record.uses, path: record.path, timeout: CALL_WITHIN },
    async (context) => {
      verdict = (await action.reconcile?.(record.input, context, intent)) ?? verdict;
      return { ok: true, done: true, output: {} };
    },
  );
  if (!result.ok) return { verdict: "unknown", detail: result.message };
  return "detail" in verdict ? { ...verdict, detail: redactText(cutText(verdict.detail, MESSAGE)) } : verdict;
}

/**
 * Known not to have happened, or not known, and the call deduplicates at its target: one more attempt is safe. It comes at once when a
 * worker has ended, and after the step's delay when the target has failed.
 */
async function again(
  turn: Turn,
  record: StepRecord,
  { message: why, reason }: Cause,
  { verdict, detail }: Exclude<Verdict, { verdict: "done" }>,
): Promise<Progress> {
  const step = stepOf(turn.playbook, record);
  const at = nowOf(turn);
  const attempts = Math.max(step?.retry.attempts ?? 1, 2);
  const pause = step && reason !== undefined ? retryDelay(step, record.attempt) : 0;
  const retryAt = record.attempt < attempts ? { retryAt: at + pause } : {};
  const event = { type: "outcome", at, path: record.path, outcome: "failed", reason: reason ?? "unreachable" } as const;
  const isOpen = verdict === "repeatable";
  const message = `${why}; ${isOpen ? detail : "it was not done"}`;
  return saveOutcome(withEvents(turn, [{ ...event, message, ...(isOpen && { open: true }), ...retryAt }]), {});
}

/** Never guesses: the run stops as `unknown_outcome` and people are asked. It keeps its locks. */
async function askWhatHappened(turn: Turn, record: StepRecord, why: string): Promise<Progress> {
  const question = questionOf(record, why, turn.deps);
  const asked = withEvents(turn, [{ type: "unknown", at: nowOf(turn), path: record.path, question }]);
  return letGo(asked, undefined);
}
