import type { Demotion } from "../../core/demotion.ts";
import { messageOf } from "../../core/errors.ts";
import { activeFreezes } from "../../core/freeze.ts";
import { type GuardSnapshot, isUnreadable, type Unreadable } from "../../core/guard/snapshot.ts";
import type { Autonomy } from "../../core/playbook/playbook.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import { scopeOf } from "../../core/run/scope.ts";
import type { Doc } from "../../core/store.ts";
import { cooldownMarker, RUNNING } from "./budgets.ts";
import { isFiring, readBudgets, readFlapping, readFleet, undoneMarker } from "./guard-reads.ts";
import { locksOf, pauseScopes } from "./locks.ts";
import { nowOf, type Turn } from "./turn.ts";

/** Reads every guard's input for one step. What cannot be read is marked so, and its guard denies. */
export async function readSnapshot(turn: Turn, ready: ReadyStep): Promise<GuardSnapshot> {
  const { run, deps } = turn;
  const { store, config } = deps;
  const { created } = run;
  const now = nowOf(turn);
  const [pauses, locks, cooldown, budgets, running, firing, fleet, flapping, undone, demotion] = await Promise.all([
    readable("pauses", store.pauses()),
    readable("locks", store.locks(locksOf(turn, ready))),
    readable("cooldown", store.remaining(cooldownMarker(created.playbook, created.target))),
    readable("budgets", readBudgets(turn)),
    readable("running runs", store.size(RUNNING)),
    readable("the alert's state", isFiring(turn)),
    readable("the fleet", readFleet(turn, now)),
    readable("the alert's history", readFlapping(turn, now)),
    readable("what was undone", store.remaining(undoneMarker(created.playbook, created.target))),
    readable("demotions", store.get<Demotion>("demotion", created.playbook)),
  ]);
  return {
    now,
    effect: ready.effect,
    autonomy: autonomyNow(created.autonomy, demotion),
    undo: ready.undo,
    manual: created.trigger !== "firing",
    targets: ready.targets,
    declared: [created.target, ...created.alsoTargets],
    maxTargets: config.limits.maxTargetsPerStep,
    reserved: run.mutated,
    runId: created.id,
    scopes: pauseScopes(turn, ready),
    freeze: activeFreezes(config.freeze, created.severity, now),
    pauses,
    locks,
    cooldown,
    budgets,
    running: typeof running === "number" ? { count: running, limit: config.limits.maxConcurrentRuns } : running,
    fleet,
    flapping,
    firing,
    undoneRecently: typeof undone === "number" ? undone > 0 : undone,
    doubtful: created.doubtful,
    truncated: created.truncated,
    stepAsks: stepAsks(turn, ready),
  };
}

/** A read that fails closes the guard; it never throws. */
export async function readable<T>(what: string, read: Promise<T>): Promise<T | Unreadable> {
  try {
    return await read;
  } catch (error) {
    return { unreadable: `${what} (${messageOf(error)})` };
  }
}

/** A demoted playbook asks, whatever its own level; a demotion that cannot be read counts as one. */
function autonomyNow(level: Autonomy, demotion: Doc<Demotion> | undefined | Unreadable): Autonomy {
  const demoted = isUnreadable(demotion) || demotion?.body.demoted === true;
  return demoted && level === "auto" ? "approve" : level;
}

/** The step's own `approval`; an `ask-unless` that is unknown asks. */
function stepAsks(turn: Turn, ready: ReadyStep): string | undefined {
  const condition = ready.step.approval?.askUnless;
  if (!condition) return undefined;
  const answer = condition.test(scopeOf(turn.run, nowOf(turn)));
  if (answer.known && answer.value) return undefined;
  return `the step asks unless ${condition.text}${answer.known ? "" : `, which is unknown: ${answer.why}`}`;
}
