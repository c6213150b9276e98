import type { ActionStep, Step } from "../playbook/playbook.ts";
import type { StepPath } from "./events.ts";

/** Every action step of a tree, in the order it is written. */
export function actionSteps(steps: readonly Step[]): readonly ActionStep[] {
  return steps.flatMap((step) => (step.kind === "action" ? [step] : actionSteps(childrenOf(step))));
}

/** The action step at a path, whatever branch or round it is in; ids are unique within a playbook. */
export function findStep(steps: readonly Step[], path: StepPath): ActionStep | undefined {
  return findById(steps, path.slice(path.lastIndexOf("/") + 1));
}

function findById(steps: readonly Step[], id: string): ActionStep | undefined {
  for (const step of steps) {
    const found = step.kind === "action" ? step : findById(childrenOf(step), id);
    if (found?.id === id) return found;
  }
  return undefined;
}

function childrenOf(step: Exclude<Step, ActionStep>): readonly Step[] {
  switch (step.kind) {
    case "switch":
      return [...step.cases.flatMap((one) => one.steps), ...step.default];
    case "parallel":
    case "for-each":
      return step.steps;
    case "wait":
      return [];
    default:
      return step satisfies never;
  }
}
