import type { Output } from "../action.ts";
import type { RunEvent } from "./events.ts";
import type { InboxItem } from "./inbox.ts";
import type { MoveInputs } from "./move.ts";
import { applyEvent, type Run, type StepRecord } from "./run.ts";

/** Nobody has said whether an aborted step's change was made. */
const MAY_BE_IN_FORCE = "it may be in force, it has no lease, and nothing undoes it by itself";

/**
 * The journal's answer to what lies in the inbox; empty when nothing is new. Each item is judged by the run as the ones before it
 * have left it, and one that no longer fits is taken and ignored: two answers to one question count once.
 */
export function inboxEvents(run: Run, inputs: MoveInputs): readonly RunEvent[] {
  if (inputs.inbox.length === 0) return [];
  const events: RunEvent[] = [];
  let told = run;
  for (const item of inputs.inbox) {
    const news = eventsOf(told, item, inputs);
    told = news.reduce(applyEvent, told);
    events.push(...news);
  }
  return [...events, { type: "inbox", at: inputs.now, taken: run.inboxTaken + inputs.inbox.length }];
}

function eventsOf(run: Run, item: InboxItem, inputs: MoveInputs): readonly RunEvent[] {
  const at = inputs.now;
  switch (item.kind) {
    case "approval":
      return approvalEvents(run, item, at);
    case "answer":
      return answerEvents(run, item, inputs);
    case "cancel":
      return run.ended || run.cancelling
        ? []
        : [{ type: "cancelling", at, by: item.by, reason: `cancelled by ${item.by}${tail(item.reason)}` }];
    case "resolved":
      return resolvedEvents(run, item, at);
    default:
      return item satisfies never;
  }
}

function resolvedEvents(
  { resolved, handsOff: isLeft, created }: Run,
  { by, handsOff }: Extract<InboxItem, { kind: "resolved" }>,
  at: number,
): readonly RunEvent[] {
  if (handsOff ? isLeft : resolved || created.trigger !== "firing") return [];
  return [{ type: "resolved", at, ...(by !== undefined && { by }), ...(handsOff && { handsOff }) }];
}

function approvalEvents(run: Run, item: Extract<InboxItem, { kind: "approval" }>, at: number): readonly RunEvent[] {
  const { asked } = run;
  if (asked?.approvalId !== item.approvalId) return [];
  const { approvalId, by, keptBy } = item;
  if (item.status === "approved") {
    const kept = keptBy === undefined ? {} : { keptBy };
    return [{ type: "granted", at, approvalId, by, validUntil: item.at + asked.validFor, ...kept }];
  }
  return [{ type: "refused", at, approvalId, by, how: item.status, reason: item.reason }];
}

function answerEvents(run: Run, item: Extract<InboxItem, { kind: "answer" }>, inputs: MoveInputs): readonly RunEvent[] {
  const at = inputs.now;
  const { unknown } = run;
  if (!unknown || (item.path !== undefined && item.path !== unknown.path)) return [];
  const { answer, by, reason } = item;
  const why = reason === undefined ? {} : { reason };
  const answered: RunEvent = { type: "answered", at, path: unknown.path, answer, by, ...why };
  const record = run.steps.get(unknown.path);
  const message = `${item.by} said: ${item.answer}`;
  switch (item.answer) {
    case "done":
      return [
        answered,
        { type: "outcome", at, path: unknown.path, outcome: "succeeded", output: assumed(record, inputs), message },
      ];
    case "not-done":
      return [
        answered,
        { type: "outcome", at, path: unknown.path, outcome: "failed", reason: "target_failed", message, retryAt: at },
      ];
    case "abort":
      return [
        answered,
        { type: "outcome", at, path: unknown.path, outcome: "cancelled", message: `${message}; ${MAY_BE_IN_FORCE}` },
        { type: "cancelling", at, by: item.by, reason: `aborted by ${item.by}` },
      ];
    default:
      return item.answer satisfies never;
  }
}

/** What the step would have given: its action knows, or what was read before the call has to do. */
function assumed(record: StepRecord | undefined, { actions }: MoveInputs): Output {
  if (!record) return {};
  return actions.get(record.uses)?.assume?.(record.input, record.before) ?? record.before ?? {};
}

function tail(reason: string): string {
  return reason === "" ? "" : `: ${reason}`;
}
