import type { Effect, Output } from "../action.ts";
import { VALID_FOR } from "../approval.ts";
import type { Instant, Milliseconds } from "../time.ts";
import type { EndState, Outcome, Reach, RunCreated, RunEvent, StepPath, WaitReason } from "./events.ts";
import { type Grant, grantOf, grantsAfter } from "./grants.ts";
import { type Reservation, reservationAfter } from "./reservation.ts";
import { recordAfter, type StepEvent, settledStep } from "./step-record.ts";

/** What the journal says of one step. `intent`: called or about to be, outcome not known yet. */
export type StepRecord = {
  path: StepPath;
  state: "intent" | "started" | "done";
  attempt: number;
  at: Instant;
  epoch: number;
  uses: string;
  effect: Effect;
  input: Readonly<Record<string, unknown>>;
  targets: readonly string[];
  before?: Output;
  /** The approval that allowed the call. */
  approvalId?: string;
  handle?: Output;
  /** Next poll (`started`). */
  until?: Instant;
  outcome?: Outcome;
  output?: Output;
  reason?: string;
  message?: string;
  retryAt?: Instant;
  /** The first of its calls that nobody knows the outcome of, until a repeat succeeds or a person answers. */
  open?: { attempt: number; message: string };
};

export type Verification = {
  startedAt: Instant;
  until: Instant;
  heldSince?: Instant;
  checkedAt?: Instant;
  values: readonly string[];
};

type Asked = Extract<RunEvent, { type: "asked" }>;

export type Rounds = { items: readonly unknown[]; done: number; waitingUntil?: Instant; failed: boolean };

/** A run as its journal tells it: a fold over events, nothing else. `rev` is the number of events. */
export type Run = {
  rev: number;
  created: RunCreated;
  facts: Readonly<Record<string, number | null>>;
  /** True once it has waited since its facts were measured. */
  factsStale: boolean;
  steps: ReadonlyMap<StepPath, StepRecord>;
  branches: ReadonlyMap<StepPath, number | "default" | "none">;
  rounds: ReadonlyMap<StepPath, Rounds>;
  verifications: ReadonlyMap<StepPath, Verification>;
  waiting?: { reason: WaitReason; path?: StepPath; since: Instant; until: Instant; detail?: string };
  asked?: Pick<Asked, "approvalId" | "expiresAt" | "veto" | "covers" | "guards" | "ahead"> & { validFor: Milliseconds };
  grants: readonly Grant[];
  refused?: { how: "rejected" | "expired"; by: string; reason: string };
  inboxTaken: number;
  unknown?: { path: StepPath; question: string };
  /** Steps within this reach are being undone, latest first. */
  reverting?: { reason: string; also?: readonly Reach[] } & Reach;
  cancelling?: { by: string; reason: string };
  resolved: boolean;
  /** Who closed the incident, where that is why it is resolved. */
  closedBy?: string;
  /** It was in people's hands when it was closed: nothing more is changed or undone. */
  handsOff?: true;
  /** True from its first mutating intent on. */
  mutated: boolean;
  reservation: Reservation | undefined;
  /** `retryAt`: what denied it is over then, and the ladder may try the playbook again. */
  ended?: { at: Instant; state: EndState; reason: string; retryAt?: Instant };
};

/** The run right after its creation. */
export function newRun(created: RunCreated): Run {
  return {
    rev: 1,
    created,
    facts: created.facts,
    factsStale: false,
    steps: new Map(),
    branches: new Map(),
    rounds: new Map(),
    verifications: new Map(),
    grants: [],
    inboxTaken: 0,
    resolved: false,
    mutated: false,
    reservation: undefined,
  };
}

/** The whole journal of a run, in order. @throws Error when the first event is not `created`: a bug, not a prediction. */
export function foldRun(events: readonly RunEvent[]): Run {
  const [first, ...rest] = events;
  if (first?.type !== "created") throw new Error("a run's journal must begin with `created`");
  return rest.reduce(applyEvent, newRun(first));
}

/** One event further. Pure. */
export function applyEvent(run: Run, event: RunEvent): Run {
  return { ...change(run, event), rev: run.rev + 1 };
}

function change(run: Run, event: RunEvent): Run {
  switch (event.type) {
    case "created":
      return run;
    case "facts":
      return { ...run, facts: { ...run.facts, ...event.facts }, factsStale: false };
    case "branched":
      return { ...run, branches: put(run.branches, event.path, event.branch) };
    case "rounds":
      return { ...run, rounds: put(run.rounds, event.path, { items: event.items, done: 0, failed: false }) };
    case "round":
      return { ...run, rounds: put(run.rounds, event.path, roundAfter(run, event)), factsStale: true };
    case "skipped":
    case "intent":
    case "started":
    case "outcome":
      return changeStep(run, event);
    case "waiting":
      return { ...run, factsStale: true, waiting: waitingAfter(run, event) };
    case "verifying":
      return {
        ...without(run, "waiting"),
        verifications: put(run.verifications, event.path ?? "", {
          startedAt: event.at,
          until: event.until,
          values: [],
        }),
      };
    case "checked":
      return { ...run, verifications: put(run.verifications, event.path ?? "", checkedAfter(run, event)) };
    default:
      return changeCourse(run, event);
  }
}

type CourseEvent = Extract<
  RunEvent,
  {
    type:
      | "asked"
      | "granted"
      | "refused"
      | "inbox"
      | "unknown"
      | "answered"
      | "resolved"
      | "reverting"
      | "cancelling"
      | "ended";
  }
>;

function changeCourse(run: Run, event: CourseEvent): Run {
  switch (event.type) {
    case "asked":
      return { ...without(run, "waiting"), factsStale: true, asked: { validFor: VALID_FOR, ...event } };
    case "granted":
      return { ...without(run, "asked"), grants: [...run.grants, grantOf(run, event)] };
    case "refused":
      return refusedAfter(without(run, "asked"), event);
    case "inbox":
      return { ...run, inboxTaken: event.taken };
    case "unknown":
      return { ...run, unknown: { path: event.path, question: event.question } };
    case "answered":
      return { ...without(run, "unknown"), steps: settledStep(run.steps, event.path) };
    case "resolved":
      return {
        ...run,
        resolved: true,
        ...(event.by !== undefined && { closedBy: event.by }),
        ...(event.handsOff && { handsOff: event.handsOff }),
      };
    case "reverting":
      return { ...without(run, "waiting"), reverting: revertingOf(event) };
    case "cancelling":
      return { ...run, cancelling: { by: event.by, reason: event.reason } };
    case "ended":
      return {
        ...without(without(run, "waiting"), "asked"),
        ended: endOf(event),
      };
    default:
      return event satisfies never;
  }
}

/** A withdrawal refuses nothing: the run goes on without what was asked. */
function refusedAfter(run: Run, { how, by, reason }: Extract<RunEvent, { type: "refused" }>): Run {
  return how === "withdrawn" ? run : { ...run, refused: { how, by, reason } };
}

function revertingOf({
  type: _,
  at: __,
  ...rest
}: Extract<RunEvent, { type: "reverting" }>): NonNullable<Run["reverting"]> {
  return rest;
}

function endOf({ type: _, ...end }: Extract<RunEvent, { type: "ended" }>): NonNullable<Run["ended"]> {
  return end;
}

function changeStep(run: Run, event: StepEvent): Run {
  const before = run.steps.get(event.path);
  const steps = put(run.steps, event.path, recordAfter(before, event));
  const reservation = reservationAfter(run.reservation, event, before);
  const mutated = run.mutated || (event.type === "intent" && event.effect !== "read");
  const grants = event.type === "intent" ? grantsAfter(run.grants, event) : run.grants;
  const factsStale = run.factsStale || event.type === "started";
  return { ...without(run, "waiting"), steps, mutated, reservation, grants, factsStale };
}

function roundAfter(run: Run, event: Extract<RunEvent, { type: "round" }>): Rounds {
  const old = run.rounds.get(event.path) ?? { items: [], done: 0, failed: false };
  const { waitingUntil: _, ...rest } = old;
  if (event.phase === "waiting") return { ...rest, waitingUntil: event.until ?? event.at };
  return event.phase === "done" ? { ...rest, done: event.round + 1 } : { ...rest, failed: true };
}

function waitingAfter(run: Run, event: Extract<RunEvent, { type: "waiting" }>): NonNullable<Run["waiting"]> {
  const { type: _, at, ...rest } = event;
  const same = run.waiting?.reason === event.reason && run.waiting.path === event.path;
  return { ...rest, since: same && run.waiting ? run.waiting.since : at };
}

function checkedAfter(run: Run, event: Extract<RunEvent, { type: "checked" }>): Verification {
  const old = run.verifications.get(event.path ?? "") ?? { startedAt: event.at, until: event.at, values: [] };
  const { heldSince, ...rest } = old;
  const checked = { ...rest, checkedAt: event.at, values: event.values, until: event.until ?? rest.until };
  if (event.held !== true) return checked;
  return { ...checked, heldSince: event.unwatched ? event.at : (heldSince ?? event.at) };
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function without<K extends "waiting" | "asked" | "unknown">(run: Run, key: K): Omit<Run, K> & Run {
  if (!(key in run)) return run;
  const { [key]: _, ...rest } = run;
  return rest as Omit<Run, K> & Run;
}
