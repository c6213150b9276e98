import { type Demotion, demotionText } from "../../core/demotion.ts";
import type { AlertRecord } from "../../core/episode.ts";
import { activeFreezes } from "../../core/freeze.ts";
import { type GuardSnapshot, isUnreadable, type Unreadable } from "../../core/guard/snapshot.ts";
import { outsideOf } from "../../core/playbook/bounds.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import { scopeOf } from "../../core/run/scope.ts";
import { itemAt } from "../../core/run/walk.ts";
import type { Doc, GuardValues } from "../../core/store.ts";
import { lowest } from "./create-run.ts";
import { budgetWindows, changesSince } from "./guard-reads.ts";
import { pauseScopes } from "./locks.ts";
import { isRestoring } from "./restoring.ts";
import { nowOf, type Turn } from "./turn.ts";

/** What the guards' inputs that were read come to; it serves as long as they do. */
export type Measured = Pick<
  GuardSnapshot,
  | "pauses"
  | "locks"
  | "cooldown"
  | "budgets"
  | "running"
  | "fleet"
  | "flapping"
  | "firing"
  | "reopened"
  | "undoneRecently"
>;

/** Every guard's input for one step, from what the store said. What could not be read is marked so, and its guard denies. */
export function snapshotOf(turn: Turn, ready: ReadyStep, values: GuardValues | Unreadable): GuardSnapshot {
  const { run, deps } = turn;
  const { created } = run;
  const now = nowOf(turn);
  const demotion = isUnreadable(values) ? values : (values.docs[0] as Doc<Demotion> | undefined);
  return {
    ...measuredOf(turn, values),
    now,
    effect: ready.effect,
    ...autonomyNow(turn, demotion),
    undo: ready.undo,
    completing: run.resolved && run.mutated,
    targets: ready.targets,
    declared: [created.target, ...created.alsoTargets],
    maxTargets: deps.config.limits.maxTargetsPerStep,
    reserved: run.reservation !== undefined,
    runId: created.id,
    scopes: pauseScopes(turn, ready),
    freeze: activeFreezes(deps.config.freeze, created.severity, now),
    doubtful: created.doubtful,
    truncated: created.truncated,
    stepAsks: stepAsks(turn, ready),
  };
}

/** What the values come to; of those that this turn has kept it is known. */
export function measuredOf(turn: Turn, values: GuardValues | Unreadable): Measured {
  if (isUnreadable(values)) return unmeasured(values);
  return turn.kept?.values === values ? turn.kept.measured : measured(turn, values);
}

function measured(turn: Turn, values: GuardValues): Measured {
  const { limits } = turn.deps.config;
  const { changes: limit, per } = limits.flapping;
  const { incidentId, trigger, alertId } = turn.run.created;
  const [running = 0, firing = 0] = values.sets;
  const [known = 0, alerting = 0] = values.indexes;
  const records = values.docs.slice(1).map((doc) => (doc as Doc<AlertRecord> | undefined)?.body);
  return {
    pauses: values.pauses,
    locks: values.locks,
    cooldown: values.markers[0] ?? 0,
    undoneRecently: (values.markers[1] ?? 0) > 0,
    budgets: budgetWindows(turn).map(({ name, window }, index) => ({
      name,
      window,
      spent: values.budgets[index] ?? 0,
    })),
    running: { count: running, limit: limits.maxConcurrentRuns },
    fleet: { known, alerting: Math.min(alerting, known), fraction: limits.fleetFraction, min: limits.fleetMin },
    flapping: { changes: alertId === undefined ? 0 : changesSince(records, nowOf(turn) - per), limit, per },
    firing: incidentId === undefined || trigger !== "firing" ? undefined : firing > 0,
    reopened: isRestoring(turn) && firing > 0,
  };
}

function unmeasured(why: Unreadable): Measured {
  return {
    pauses: why,
    locks: why,
    cooldown: why,
    undoneRecently: why,
    budgets: why,
    running: why,
    fleet: why,
    flapping: why,
    firing: why,
    reopened: why,
  };
}

type Level = Pick<GuardSnapshot, "autonomy" | "autonomyWhy">;

/** The run's own level, or what is lower by now: a demoted playbook asks, and a demotion that cannot be read counts as one. */
function autonomyNow({ run, deps }: Turn, demotion: Doc<Demotion> | undefined | Unreadable): Level {
  const { autonomy: own, playbook, trigger, by } = run.created;
  const ceiling = deps.config.autonomy;
  const isDemoted = isUnreadable(demotion) || demotion?.body.demoted === true;
  const level = lowest([own, ceiling, isDemoted ? "approve" : "auto"]);
  if (level === "auto") return { autonomy: level };
  if (level === ceiling) return { autonomy: level, autonomyWhy: `autonomy is ${level} for the whole service` };
  if (isDemoted) return { autonomy: level, autonomyWhy: demotedText(playbook, demotion) };
  if (trigger === "manual") return { autonomy: level, autonomyWhy: `${by} has started it by hand` };
  return { autonomy: level };
}

function demotedText(playbook: string, demotion: Doc<Demotion> | undefined | Unreadable): string {
  if (isUnreadable(demotion)) return `whether ${playbook} is demoted cannot be read: ${demotion.unreadable}`;
  return `${playbook} is ${demotionText(playbook, demotion?.body.failures)}`;
}

/** What of the step itself asks: its `approval`, and an input outside of `bounded-by`. */
function stepAsks(turn: Turn, ready: ReadyStep): string | undefined {
  const { boundedBy, approval } = ready.step;
  if (!boundedBy && !approval) return undefined;
  const outside = boundedBy && outsideOf(ready.input, boundedBy.bounds);
  const reasons = [askUnless(turn, ready), outside].filter((reason) => reason !== undefined);
  return reasons.length === 0 ? undefined : reasons.join("; ");
}

/** An `ask-unless` that is unknown asks; a step that only says how many people it needs asks always. */
function askUnless(turn: Turn, ready: ReadyStep): string | undefined {
  const { askUnless: condition, required } = ready.step.approval ?? {};
  if (!condition) return required === undefined ? undefined : `the step needs ${required} to agree`;
  const { path } = ready;
  const scope = scopeOf(turn.run, nowOf(turn), { path, item: itemAt(turn.run, turn.playbook.steps, path) });
  const answer = condition.test(scope);
  if (answer.known && answer.value) return undefined;
  return `the step asks unless ${condition.text}${answer.known ? "" : `, which is unknown: ${answer.why}`}`;
}
