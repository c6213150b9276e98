import type { BudgetWindow } from "../../core/playbook/playbook.ts";
import type { Turn } from "./turn.ts";

/** The budgets a run draws on, once, at its first mutating intent. */
export function budgetsOf(
  turn: Pick<Turn, "deps" | "playbook">,
): readonly { name: string; budget: string; windows: readonly BudgetWindow[] }[] {
  const { deps, playbook } = turn;
  const all = [
    { name: "global", budget: "global", windows: deps.config.limits.budget },
    { name: `playbook ${playbook.name}`, budget: `playbook:${playbook.name}`, windows: playbook.limits.budget },
  ];
  return all.filter((one) => one.windows.length > 0);
}

/** The marker that keeps a playbook off a target after a run has ended there. */
export function cooldownMarker(playbook: string, target: string): string {
  return `cooldown:${playbook}|${target}`;
}

/** Runs that are changing things now. */
export const RUNNING = "runs:changing";
