import type { ReadyStep } from "../../core/run/move.ts";
import type { Turn } from "./turn.ts";

/** All targets of the run at its first intent; locks are taken all or none. */
export function locksOf(turn: Turn, ready: ReadyStep): readonly string[] {
  const { target, alsoTargets } = turn.run.created;
  return [...new Set([target, ...alsoTargets, ...ready.targets])];
}

/** Pause scopes that hold this step back; `incident:ID` is what `take` sets. */
export function pauseScopes(turn: Turn, ready: ReadyStep): readonly string[] {
  const { playbook, incidentId } = turn.run.created;
  const targets = locksOf(turn, ready).map((target) => `target:${target}`);
  return [
    "global",
    `playbook:${playbook}`,
    ...targets,
    ...(incidentId === undefined ? [] : [`incident:${incidentId}`]),
  ];
}
