import type { Effect } from "../action.ts";
import { fault, type Node } from "../yaml/node.ts";
import { fixedEffect, type PlaybookEnvironment } from "./catalog.ts";
import type { ActionStep, Step } from "./playbook.ts";
import { innerSteps } from "./read-steps.ts";

/** Every action step, those within blocks too. */
export function actionSteps(steps: readonly Step[]): readonly ActionStep[] {
  return steps.flatMap((step) => (step.kind === "action" ? [step] : actionSteps(innerSteps(step))));
}

/**
 * A veto window runs what nobody objects to, so it is for reversible steps only (section 7), and never where somebody has to agree:
 * what a step says of its own approval can only tighten (section 14.7).
 */
export function checkVeto(
  approval: Node,
  { steps, required }: { steps: readonly Step[]; required: number | undefined },
  env: PlaybookEnvironment,
): void {
  const node = { ...approval, path: [...approval.path, "veto"] };
  checkAgreement(node, required, env);
  for (const step of actionSteps(steps)) {
    const own = step.approval?.required;
    if (own !== undefined) fault(node, `${MEANS}, but step ${step.id} needs ${people(own)}; leave one of the two out`);
    const action = env.actions.get(step.uses);
    const effect: Effect | "unknown" = (action && fixedEffect(action)) ?? "unknown";
    if (effect === "read" || effect === "reversible") continue;
    const why = effect === "unknown" ? `what ${step.uses} does depends on its input` : `${step.uses} is ${effect}`;
    fault(node, `veto is for reversible steps only; in step ${step.id} ${why}`);
  }
}

const MEANS = "veto goes ahead when nobody objects";

function checkAgreement(node: Node, required: number | undefined, { voters }: PlaybookEnvironment): void {
  const byDefault = voters?.byDefault.required;
  if (required !== undefined && required > 1) {
    fault(node, `${MEANS}, but required says that ${people(required)} have to agree; leave one of the two out`);
  }
  if (required === undefined && byDefault !== undefined && byDefault > 1) {
    fault(
      node,
      `${MEANS}, but approvals.default of stanch.yaml requires ${people(byDefault)}; say required: 1 here, or leave veto out`,
    );
  }
}

function people(count: number): string {
  return count === 1 ? "1 person" : `${count} people`;
}
