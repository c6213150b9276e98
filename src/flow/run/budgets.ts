import type { BudgetWindow } from "../../core/playbook/playbook.ts";
import type { Write } from "../../core/store.ts";
import type { Turn } from "./turn.ts";

/** The budgets a run draws on, once, at its first mutating intent: of its playbook, of each of its targets, and the global one. */
export function budgetsOf(
  turn: Pick<Turn, "deps" | "playbook" | "run">,
): readonly { name: string; budget: string; windows: readonly BudgetWindow[] }[] {
  const { deps, playbook, run } = turn;
  const { budget, targetBudget } = deps.config.limits;
  const targets = new Set([run.created.target, ...run.created.alsoTargets]);
  const all = [
    { name: "global", budget: "global", windows: budget },
    { name: `playbook ${playbook.name}`, budget: `playbook:${playbook.name}`, windows: playbook.limits.budget },
    ...[...targets].map((one) => ({ name: `target ${one}`, budget: `target:${one}`, windows: targetBudget })),
  ];
  return all.filter((one) => one.windows.length > 0);
}

/** A call proven never sent gives back the budget and the place among the running that were taken for it (section 14.2). */
export function returned(turn: Pick<Turn, "deps" | "playbook" | "run">): readonly Write[] {
  const { id } = turn.run.created;
  const budgets = budgetsOf(turn).map(({ budget }): Write => ({ write: "unreserve", budget, id }));
  return [...budgets, { write: "remove", set: RUNNING, members: [id] }];
}

/** The marker that keeps a playbook off a target after a run has ended there. */
export function cooldownMarker(playbook: string, target: string): string {
  return `cooldown:${playbook}|${target}`;
}

/** Runs that are changing things now. */
export const RUNNING = "runs:changing";
