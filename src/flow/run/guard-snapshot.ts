import { messageOf } from "../../core/errors.ts";
import { activeFreezes } from "../../core/freeze.ts";
import type { GuardSnapshot, Unreadable } from "../../core/guard/snapshot.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import { scopeOf } from "../../core/run/scope.ts";
import { budgetsOf, cooldownMarker, RUNNING } from "./budgets.ts";
import { locksOf, pauseScopes } from "./locks.ts";
import { nowOf, type Turn } from "./turn.ts";

/** Reads every guard's input for one step. What cannot be read is marked so, and its guard denies. */
export async function readSnapshot(turn: Turn, ready: ReadyStep): Promise<GuardSnapshot> {
  const { run, deps } = turn;
  const { store, config } = deps;
  const { created } = run;
  const [pauses, locks, cooldown, budgets, running, firing] = await Promise.all([
    readable("pauses", store.pauses()),
    readable("locks", store.locks(locksOf(turn, ready))),
    readable("cooldown", store.remaining(cooldownMarker(created.playbook, created.target))),
    readable("budgets", readBudgets(turn)),
    readable("running runs", store.size(RUNNING)),
    readable("the alert's state", isFiring(turn)),
  ]);
  return {
    now: nowOf(turn),
    effect: ready.effect,
    autonomy: created.autonomy,
    undo: ready.undo,
    manual: created.trigger !== "firing",
    targets: ready.targets,
    declared: [created.target, ...created.alsoTargets],
    maxTargets: config.limits.maxTargetsPerStep,
    reserved: run.mutated,
    runId: created.id,
    scopes: pauseScopes(turn, ready),
    freeze: activeFreezes(config.freeze, created.severity, nowOf(turn)),
    pauses,
    locks,
    cooldown,
    budgets,
    running: typeof running === "number" ? { count: running, limit: config.limits.maxConcurrentRuns } : running,
    fleet: { alerting: 0, known: 0, fraction: config.limits.fleetFraction, min: config.limits.fleetMin },
    flapping: { changes: 0, limit: config.limits.flapping.changes, per: config.limits.flapping.per },
    firing,
    undoneRecently: false,
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

async function readBudgets(turn: Turn): Promise<Exclude<GuardSnapshot["budgets"], Unreadable>> {
  const windows = budgetsOf(turn).flatMap((one) =>
    one.windows.map((window) => ({ name: one.name, budget: one.budget, window })),
  );
  return Promise.all(
    windows.map(async ({ name, budget, window }) => ({
      name,
      window,
      spent: await turn.deps.store.spent(budget, window.per),
    })),
  );
}

async function isFiring(turn: Turn): Promise<boolean | undefined> {
  const { incidentId, trigger } = turn.run.created;
  if (incidentId === undefined || trigger !== "firing") return undefined;
  return (await turn.deps.store.size(`incident:${incidentId}:firing`)) > 0;
}

/** The step's own `approval`; an `ask-unless` that is unknown asks. */
function stepAsks(turn: Turn, ready: ReadyStep): string | undefined {
  const condition = ready.step.approval?.askUnless;
  if (!condition) return undefined;
  const answer = condition.test(scopeOf(turn.run, nowOf(turn)));
  if (answer.known && answer.value) return undefined;
  return `the step asks unless ${condition.text}${answer.known ? "" : `, which is unknown: ${answer.why}`}`;
}
