import type { RunEvent, StepPath } from "./events.ts";
import type { Run, StepRecord } from "./run.ts";

/** Events that change one step's record. */
export type StepEvent = Extract<RunEvent, { type: "skipped" | "intent" | "started" | "outcome" }>;

/** What the journal says of a step after an event; `old` is its record before. Pure. */
export function recordAfter(old: StepRecord | undefined, event: StepEvent): StepRecord {
  const { path, at } = event;
  const base: StepRecord = (old && withoutResult(old, event)) ?? {
    path,
    at,
    state: "done",
    attempt: 1,
    epoch: 0,
    uses: "",
    effect: "read",
    input: {},
    targets: [],
  };
  switch (event.type) {
    case "skipped":
      return { ...base, state: "done", outcome: "skipped", reason: event.reason };
    case "intent":
      return { ...event, state: "intent", ...(old?.open && { open: old.open }) };
    case "started":
      return { ...base, ...calledBy(event), state: "started", handle: event.handle, until: event.until };
    case "outcome":
      return outcomeAfter(base, event);
    default:
      return event satisfies never;
  }
}

function outcomeAfter({ open, ...base }: StepRecord, event: Extract<RunEvent, { type: "outcome" }>): StepRecord {
  const { type: _, open: isOpen, ...rest } = event;
  const first = open ?? (isOpen && { attempt: base.attempt, message: event.message ?? "" });
  const left = event.outcome === "failed" && first ? { open: first } : {};
  return { ...base, ...rest, at: base.at, state: "done", ...left };
}

/** The steps after a person has said what this one came to. */
export function settledStep(steps: Run["steps"], path: StepPath): Run["steps"] {
  const record = steps.get(path);
  if (!record?.open) return steps;
  const { open: _, ...settled } = record;
  return new Map(steps).set(path, settled);
}

/** What an attempt came to says nothing of the next one, least of all when that is due; its timeout counts from its own call. */
function withoutResult(old: StepRecord, event: StepEvent): StepRecord {
  const { outcome: _outcome, output: _output, reason: _reason, message: _message, retryAt: _retryAt, ...called } = old;
  const isNext = "attempt" in event && event.attempt !== old.attempt;
  return isNext ? { ...called, at: event.at } : called;
}

function calledBy({ uses, input, attempt }: Extract<RunEvent, { type: "started" }>): Partial<StepRecord> {
  return {
    ...(uses === undefined ? {} : { uses }),
    ...(input === undefined ? {} : { input }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}
