import type { Store } from "../../core/store.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { memoryIntake } from "./intake.ts";
import { type Clock, emptyState } from "./state.ts";
import { memoryStore } from "./store.ts";

export type { Clock } from "./state.ts";

/**
 * A store and an intake over one memory, for `stanch test`, `plan` and unit tests; never production.
 * `clock` makes time virtual; without it the host's clock is used.
 */
export function createMemoryStore(clock: Clock = { now: () => Date.now() }): { store: Store; intake: RetainedIntake } {
  const state = emptyState(clock);
  return { store: memoryStore(state), intake: memoryIntake(state) };
}
