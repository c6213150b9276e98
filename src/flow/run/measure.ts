import { scopeOf } from "../../core/run/scope.ts";
import type { Progress } from "./progress.ts";
import { nowOf, type Turn, withEvents } from "./turn.ts";

/** Measures facts anew before a mutating condition reads them (section 14.6). What cannot be measured becomes null: unknown. */
export async function measureFacts(turn: Turn, names: readonly string[]): Promise<Progress> {
  const facts = await turn.deps.measure(names, scopeOf(turn.run, nowOf(turn)));
  return { kind: "go-on", turn: withEvents(turn, [{ type: "facts", at: nowOf(turn), facts }]) };
}
