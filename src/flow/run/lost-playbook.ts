import type { Playbook } from "../../core/playbook/playbook.ts";
import { constantStep } from "../../core/run/undo-move.ts";

/** Stands in for a playbook that cannot be read: its one step fails with the reason, and nothing is changed. */
export function lostPlaybook(name: string, why: string): Playbook {
  return {
    name,
    description: why,
    match: [],
    severity: [],
    priority: 0,
    vars: {},
    target: { text: "", reads: [], render: () => ({ known: false, why }) },
    alsoTargets: [],
    autonomy: {},
    limits: { budget: [] },
    steps: [
      { ...constantStep("playbook", "", {}), with: { text: "", reads: [], render: () => ({ known: false, why }) } },
    ],
    onFailure: ["escalate"],
    on: "manual",
    file: "",
    text: "",
    digest: "",
  };
}
