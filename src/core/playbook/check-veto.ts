import type { Effect } from "../action.ts";
import { fault, type Node } from "../yaml/node.ts";
import { fixedEffect, type PlaybookEnvironment } from "./catalog.ts";
import type { ActionStep, Step } from "./playbook.ts";
import { innerSteps } from "./read-steps.ts";

/** Every action step, those within blocks too. */
export function actionSteps(steps: readonly Step[]): readonly ActionStep[] {
  return steps.flatMap((step) => (step.kind === "action" ? [step] : actionSteps(innerSteps(step))));
}

/** A veto window runs what nobody objects to, so it is for reversible steps only (section 7). */
export function checkVeto(approval: Node, steps: readonly Step[], env: PlaybookEnvironment): void {
  for (const step of actionSteps(steps)) {
    const action = env.actions.get(step.uses);
    const effect: Effect | "unknown" = (action && fixedEffect(action)) ?? "unknown";
    if (effect === "read" || effect === "reversible") continue;
    const node = { ...approval, path: [...approval.path, "veto"] };
    const why = effect === "unknown" ? `what ${step.uses} does depends on its input` : `${step.uses} is ${effect}`;
    fault(node, `veto is for reversible steps only; in step ${step.id} ${why}`);
  }
}
