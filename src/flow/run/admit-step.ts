import type { ActionFailure, Output } from "../../core/action.ts";
import { type Admission, admit } from "../../core/guard/admit.ts";
import { type GuardSnapshot, isUnreadable, type Unreadable } from "../../core/guard/snapshot.ts";
import { type Grant, grantFor } from "../../core/run/grants.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import type { Check, GuardValues, Write } from "../../core/store.ts";
import { type Absolute, absoluteStep, isRelative } from "./absolute.ts";
import { askPeople } from "./ask.ts";
import { budgetsOf, cooldownMarker, RUNNING } from "./budgets.ts";
import { denyRun, resolveRun, skipObserved } from "./deny.ts";
import { finishRun } from "./finish.ts";
import { keptValues, readValues } from "./guard-reads.ts";
import { measuredOf, snapshotOf } from "./guard-snapshot.ts";
import { locksOf, pauseScopes } from "./locks.ts";
import { letGo, type Progress, type Soon } from "./progress.ts";
import { type Extra, nowOf, type Turn, withEvents } from "./turn.ts";
import { lookBeforeUndo } from "./undo-look.ts";

/** What the guards say of this very step, from what was read for them. */
export type Judged = {
  ready: ReadyStep;
  values: GuardValues | Unreadable;
  snapshot: GuardSnapshot;
  /** What people have allowed it with, where they had to be asked. */
  grant: Grant | undefined;
  admission: Admission;
};

/** `grant`: what people have allowed, where they had to be asked. */
export type Admitted =
  /** `ready`: with absolute values; `before`: what was read for them. */
  | { kind: "admitted"; turn: Turn; extra: Extra; grant: Grant | undefined; ready: ReadyStep; before?: Output }
  /** What its values are relative to cannot be read, or forbids them; nobody is asked. */
  | { kind: "failed"; failure: ActionFailure }
  | { kind: "not-admitted"; progress: Progress };

/** Lock and concurrency are waited for at most this long. */
const WAIT_AT_MOST = 10 * 60_000;
const LOOK_AGAIN = 5_000;

/** Guards for one mutating step: admitted with the checks its intent's commit must repeat, or what was done instead. */
export function admitStep(turn: Turn, ready: ReadyStep): Soon<Admitted> {
  const { judged } = turn;
  const isPlain = judged?.ready === ready && judged.admission.kind === "allow" && !isRelative(turn, ready);
  if (!isPlain || turn.run.created.lease !== undefined) return judgeAndAdmit(turn, ready);
  const kept = keeping(turn, judged.values);
  return { kind: "admitted", turn: kept, extra: intentExtra(kept, ready), grant: judged.grant, ready };
}

async function judgeAndAdmit(turn: Turn, ready: ReadyStep): Promise<Admitted> {
  if (turn.run.created.autonomy === "observe" && !ready.undo) return not(skipObserved(turn, ready));
  const judged = turn.judged?.ready === ready ? turn.judged : judge(turn, ready, await readValues(turn, ready));
  const { values, snapshot, admission: first } = judged;
  const found: Absolute | ActionFailure =
    first.kind === "allow" || first.kind === "ask" ? await absoluteStep(turn, ready) : { ok: true, ready };
  if (!found.ok) return { kind: "failed", failure: found };
  const grant = grantOfAbsolute(turn, ready, found.ready);
  const admission = found.ready === ready ? first : admit(snapshot, grant?.guards);
  switch (admission.kind) {
    case "allow":
      return admitted(keeping(turn, values), found, grant);
    case "deny":
      if (admission.guard === "stale" && snapshot.firing === false && turn.run.mutated) return not(resolveRun(turn));
      return not(await denyRun(turn, ready, admission));
    case "ask":
      return not(await askPeople(turn, found.ready, admission.voices));
    case "wait":
      return not(await holdBack(turn, ready, admission, stillHeld(turn, ready, admission)));
    default:
      return admission satisfies never;
  }
}

/** A yes covers the absolute values that were shown; one to bounds covers whatever stays within them. */
function grantOfAbsolute(turn: Turn, ready: ReadyStep, absolute: ReadyStep): Grant | undefined {
  const grant = grantFor(turn.run, absolute, nowOf(turn));
  return grant ?? (ready.step.boundedBy ? grantFor(turn.run, ready, nowOf(turn)) : undefined);
}

/** Who undoes a lease may have waited for the lock: whether it is still to be undone is looked at up to the very intent. */
async function admitted(
  turn: Turn,
  { ready, before }: Pick<Absolute, "ready" | "before">,
  grant: Grant | undefined,
): Promise<Admitted> {
  const { checks, writes } = intentExtra(turn, ready);
  const look = await lookBeforeUndo(turn);
  switch (look.kind) {
    case "go":
      return {
        kind: "admitted",
        turn,
        extra: { checks: [...checks, ...look.checks], writes },
        grant,
        ready,
        ...(before && { before }),
      };
    case "over":
      return not(await finishRun(turn, { kind: "finish", state: "cancelled", reason: look.reason }));
    case "wait":
      return not(await holdBack(turn, ready, { kind: "wait", guard: "lock", for: "lock", reason: look.reason }));
    default:
      return look satisfies never;
  }
}

/** The values serve the next steps of this turn; reading them again would only tell what the intent's commit checks anyway. */
function keeping(turn: Turn, values: GuardValues | Unreadable): Turn {
  if (isUnreadable(values) || values === turn.kept?.values) return turn;
  return { ...turn, kept: { at: nowOf(turn), values, measured: measuredOf(turn, values) } };
}

function judge(turn: Turn, ready: ReadyStep, values: GuardValues | Unreadable): Judged {
  const snapshot = snapshotOf(turn, ready, values);
  const grant = grantFor(turn.run, ready, nowOf(turn));
  return { ready, values, snapshot, grant, admission: admit(snapshot, grant?.guards) };
}

/**
 * The turn, with its judgement, where the step is admitted now by what has been read already: no I/O is needed before its intent.
 * Undefined where that is not so.
 */
export function admittedAtOnce(turn: Turn, ready: ReadyStep): Turn | undefined {
  const values = keptValues(turn);
  if (!values || turn.run.created.autonomy === "observe") return undefined;
  const judged = judge(turn, ready, values);
  return judged.admission.kind === "allow" ? { ...turn, judged } : undefined;
}

function not(progress: Progress): Admitted {
  return { kind: "not-admitted", progress };
}

/** What undoes a lease waits for the run that holds the lock as long as that takes (section 14.9). */
function waitsOn({ run }: Turn, admission: Extract<Admission, { kind: "wait" }>): boolean {
  return admission.for === "lock" && (run.created.lease ?? run.created.ends) !== undefined;
}

/** A lock that was freed while its guard was read wakes nobody any more: who would begin to wait for it looks again at once. */
function stillHeld(turn: Turn, ready: ReadyStep, { guard }: Extract<Admission, { kind: "wait" }>): readonly Check[] {
  return guard === "lock" ? [{ check: "held", locks: locksOf(turn, ready), owner: turn.run.created.id }] : [];
}

/** `checks`: what makes it wait still holds; where it does not, the step is judged anew. */
async function holdBack(
  turn: Turn,
  ready: ReadyStep,
  admission: Extract<Admission, { kind: "wait" }>,
  checks: readonly Check[] = [],
): Promise<Progress> {
  const now = nowOf(turn);
  const { waiting } = turn.run;
  const same = waiting?.reason === admission.for && waiting.path === ready.path;
  if (same && admission.for !== "pause" && !waitsOn(turn, admission) && now - waiting.since > WAIT_AT_MOST) {
    return denyRun(turn, ready, {
      kind: "deny",
      guard: admission.guard,
      reason: `${admission.reason}; waited 10 minutes`,
    });
  }
  const until = now + LOOK_AGAIN;
  const extra = { checks, writes: admission.for === "lock" ? [awaiting(turn, ready)] : [] };
  if (same) return letGo(turn, until, extra);
  return letGo(
    withEvents(turn, [
      { type: "waiting", at: now, reason: admission.for, path: ready.path, until, detail: admission.reason },
    ]),
    until,
    extra,
  );
}

/** Whoever holds one of the run's locks wakes it at the end; it looks by itself all the same. */
function awaiting(turn: Turn, ready: ReadyStep): Write {
  const { id } = turn.run.created;
  return { write: "await", locks: locksOf(turn, ready), owner: id, member: `run:${id}` };
}

/** What the intent's own commit checks and takes: guards cannot race (section 14.2). */
function intentExtra(turn: Turn, ready: ReadyStep): Required<Pick<Extra, "checks" | "writes">> {
  const { run, deps } = turn;
  const id = run.created.id;
  const locks = locksOf(turn, ready);
  const checks: Check[] = [
    { check: "length", list: `inbox:${id}`, is: run.inboxTaken },
    { check: "unpaused", scopes: pauseScopes(turn, ready) },
    { check: "free", locks, owner: id },
  ];
  const writes: Write[] = [{ write: "lock", locks, owner: id }];
  if (run.reservation !== undefined || ready.undo) return { checks, writes };
  checks.push({ check: "elapsed", marker: cooldownMarker(run.created.playbook, run.created.target) });
  checks.push({ check: "below", set: RUNNING, member: id, limit: deps.config.limits.maxConcurrentRuns });
  writes.push({ write: "add", set: RUNNING, members: [id] });
  for (const { budget, windows } of budgetsOf(turn)) {
    for (const window of windows) checks.push({ check: "under", budget, id, limit: window.runs, per: window.per });
    writes.push({ write: "reserve", budget, id, keep: Math.max(...windows.map((window) => window.per)) });
  }
  return { checks, writes };
}
