import type { ActionFailure, AnyAction, Output } from "../../core/action.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import { actionOf, type Call, callAction, keepable } from "./call.ts";
import type { Soon } from "./progress.ts";
import type { Turn } from "./turn.ts";

/** A step as it will be called; `before` is what was read for it just now. */
export type Absolute = { ok: true; ready: ReadyStep; before?: Output };

/**
 * The step with what is relative in its input (`+1`) made absolute by what its target has now, which becomes the call's precondition
 * (section 14.7). A step with nothing relative stays as it is, and nothing is read for it.
 */
export async function absoluteStep(turn: Turn, ready: ReadyStep): Promise<Absolute | ActionFailure> {
  const action = actionOf(turn, ready.uses);
  if (!action?.relative || !isRelative(turn, ready)) return { ok: true, ready };
  const prepared = await prepareStep(turn, ready, action);
  if (!prepared.ok) return prepared;
  if (prepared.before === undefined) return { ok: true, ready };
  const input = action.relative.resolve(ready.input, prepared.before);
  return { ok: true, ready: { ...ready, input }, before: prepared.before };
}

type Prepared = { ok: true; before?: Output } | ActionFailure;

/**
 * Reads what `reconcile` and `revert` need before a call; nothing was sent when it fails. What the journal would not hold as it is
 * could not be restored: it is not changed.
 */
export function prepareStep(turn: Turn, ready: ReadyStep, action: AnyAction): Soon<Prepared> {
  return action.prepare ? readBefore(turn, ready, action) : { ok: true };
}

async function readBefore(turn: Turn, ready: ReadyStep, action: AnyAction): Promise<Prepared> {
  let before: Output | undefined;
  const result = await callAction(turn, callOf(ready), async (context) => {
    const prepared = await action.prepare?.(ready.input, context);
    if (prepared && !prepared.ok) return prepared;
    before = prepared?.before;
    return { ok: true, done: true, output: {} };
  });
  if (!result.ok) return { ...result, sent: "no" };
  if (before === undefined) return { ok: true };
  return (action.revert && unkept(action.describe(ready.input), before)) ?? { ok: true, before };
}

/** The refusal of a change whose former state would be cut or redacted; undefined when all of it is kept. */
function unkept(act: string, before: Output): ActionFailure | undefined {
  const kept = keepable(before);
  if (JSON.stringify(kept) === JSON.stringify(before)) return undefined;
  const why =
    kept["truncated"] === true
      ? "is too long for the journal"
      : "looks like a credential, which the journal does not keep";
  const message = `${act}: what is there now ${why}, so it could not be restored; nothing was changed, do it by hand`;
  return { ok: false, reason: "refused", message, retryable: false, sent: "no" };
}

/** Whether something in its input is relative to what its target has now. */
export function isRelative(turn: Turn, { uses, input }: ReadyStep): boolean {
  return actionOf(turn, uses)?.relative?.isIn(input) === true;
}

/** What the call of a step is told. */
export function callOf({ uses, path, step }: ReadyStep): Call {
  return { uses, path, timeout: step.timeout };
}
