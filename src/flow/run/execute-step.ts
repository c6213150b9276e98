import type { ActionFailure, AnyAction, Output } from "../../core/action.ts";
import type { RunEvent } from "../../core/run/events.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import { callOf, prepareStep } from "./absolute.ts";
import { type Admitted, admitStep } from "./admit-step.ts";
import { actionOf, callAction, keepable } from "./call.ts";
import { afterRefusal, goOn, letGo, type Progress, type Soon } from "./progress.ts";
import { reconcileNow } from "./reconcile.ts";
import { recordResult } from "./record-result.ts";
import { retryTime } from "./retry.ts";
import { keepHeld } from "./save-outcome.ts";
import { claimLeft, isCutOff, nowOf, save, type Turn, withEvents } from "./turn.ts";

/** Runs what `nextMove` found ready: one step, or the read steps of a `parallel` together. Effects happen here and nowhere else. */
export function executeSteps(turn: Turn, steps: readonly ReadyStep[]): Soon<Progress> {
  const [first] = steps;
  if (first === undefined) return { kind: "go-on", turn };
  return first.effect === "read" ? read(turn, steps) : mutate(turn, first);
}

async function read(turn: Turn, steps: readonly ReadyStep[]): Promise<Progress> {
  const found = await Promise.all(steps.map((step) => readEvent(turn, step)));
  const events = isCutOff(turn) ? found.filter((event) => !("outcome" in event) || event.outcome !== "failed") : found;
  const next = withEvents(turn, events);
  return next.unsaved.length > 20 ? goOn(next) : { kind: "go-on", turn: next };
}

async function readEvent(turn: Turn, ready: ReadyStep): Promise<RunEvent> {
  const action = actionOf(turn, ready.uses);
  const result = action
    ? await callAction(turn, callOf(ready), (context) => action.run(ready.input, context))
    : missing(ready.uses);
  const base = {
    at: nowOf(turn),
    path: ready.path,
    uses: ready.uses,
    input: keepable(ready.input),
    attempt: ready.attempt,
  };
  if (result.ok && result.done) return { type: "outcome", ...base, outcome: "succeeded", output: result.output };
  if (result.ok) return { type: "started", ...base, handle: result.handle, until: base.at + result.pollAfter };
  const retryAt = retryTime(ready.step, ready, result, base.at);
  return { type: "outcome", ...base, outcome: "failed", reason: result.reason, message: result.message, ...retryAt };
}

/**
 * A mutating step: guards, intent, call, outcome. The intent's commit checks pause, locks, cooldown, budget and the inbox again,
 * so nothing can change between the guards and the journal; after it the call is made once, fenced by the claim's deadline.
 */
async function mutate(turn: Turn, wanted: ReadyStep): Promise<Progress> {
  const action = actionOf(turn, wanted.uses);
  if (!action) return { kind: "go-on", turn: withEvents(turn, [failedEvent(turn, wanted, missing(wanted.uses))]) };
  const admitted = await admitStep(turn, wanted);
  if (admitted.kind === "failed") return notBegun(turn, wanted, admitted.failure);
  if (admitted.kind !== "admitted") return admitted.progress;
  const { ready, before } = admitted;
  const prepared = before ? { ok: true as const, before } : await prepareStep(admitted.turn, ready, action);
  if (!prepared.ok) return notBegun(turn, ready, prepared);
  const begun = await save(intended(admitted, ready, prepared.before), { ...admitted.extra, durable: true });
  if (!begun.committed.ok) return keepHeld(admitted.turn, afterRefusal(begun.committed.failed));
  return callAndRecord(begun.turn, ready, action, prepared.before);
}

/** What had to be read before the call could not be; a worker that has to stop leaves that to the next one. */
async function notBegun(turn: Turn, ready: ReadyStep, failure: ActionFailure): Promise<Progress> {
  if (isCutOff(turn)) return letGo(turn, nowOf(turn));
  return goOn(withEvents(turn, [failedEvent(turn, ready, failure)]));
}

/** The turn with the intent on its journal. */
function intended({ turn, grant }: Begun, ready: ReadyStep, before: Output | undefined): Turn {
  const allowed = grant === undefined ? {} : { approvalId: grant.approvalId };
  return withEvents(turn, [{ ...intentEvent(turn, ready, before), ...allowed }]);
}

type Begun = Extract<Admitted, { kind: "admitted" }>;

async function callAndRecord(
  turn: Turn,
  ready: ReadyStep,
  action: AnyAction,
  before: Output | undefined,
): Promise<Progress> {
  const call = { ...callOf(ready), timeout: Math.min(ready.step.timeout, claimLeft(turn)) };
  const result = await callAction(turn, call, (context) => action.run(ready.input, context, before));
  if (!result.ok && result.sent === "unknown") return reconcileNow(turn, ready.path, result);
  return recordResult(turn, ready.path, result);
}

function intentEvent(turn: Turn, ready: ReadyStep, before: Output | undefined): Extract<RunEvent, { type: "intent" }> {
  const { path, attempt, uses, effect, input, targets } = ready;
  const base = {
    type: "intent" as const,
    at: nowOf(turn),
    path,
    attempt,
    epoch: turn.claim.epoch,
    uses,
    effect,
    input,
    targets,
  };
  return before === undefined ? base : { ...base, before: keepable(before) };
}

function failedEvent(turn: Turn, ready: ReadyStep, failure: ActionFailure): RunEvent {
  const at = nowOf(turn);
  const { path, uses, attempt } = ready;
  const retryAt = retryTime(ready.step, ready, failure, at);
  return {
    type: "outcome",
    at,
    path,
    uses,
    attempt,
    outcome: "failed",
    reason: failure.reason,
    message: failure.message,
    ...retryAt,
  };
}

function missing(uses: string): ActionFailure {
  return {
    ok: false,
    reason: "not_configured",
    message: `there is no action ${uses} any more`,
    retryable: false,
    sent: "no",
  };
}
