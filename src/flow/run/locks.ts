import { pauseScopes as scopesOf } from "../../core/pause.ts";
import type { ReadyStep } from "../../core/run/move.ts";
import type { Turn } from "./turn.ts";

/** All targets of the run at its first intent; locks are taken all or none. */
export function locksOf(turn: Turn, ready: ReadyStep): readonly string[] {
  const { target, alsoTargets } = turn.run.created;
  const { targets } = ready;
  if (alsoTargets.length === 0 && targets.length === 1 && targets[0] === target) return targets;
  return [...new Set([target, ...alsoTargets, ...targets])];
}

/** Pause scopes that hold this step back. */
export function pauseScopes(turn: Turn, ready: ReadyStep): readonly string[] {
  return scopesOf({ ...turn.run.created, targets: locksOf(turn, ready) });
}
