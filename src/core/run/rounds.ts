import type { ForEachStep, Step } from "../playbook/playbook.ts";
import type { Instant } from "../time.ts";
import type { Run } from "./run.ts";
import { type Standing, scopeOf } from "./scope.ts";
import { type Item, stepsOfBranch } from "./walk.ts";

/** Rounds of one `for-each`, at most. */
export const MAX_ITEMS = 100;
/** Rounds of all the `for-each` of one run, nested ones included. */
export const MAX_ROUNDS = 300;

/** Why a run would take too many rounds, as far as its rounds can be known now; undefined when it would not. */
export function tooManyRounds(run: Run, steps: readonly Step[], now: Instant): string | undefined {
  const count = roundsIn({ run, now }, steps, { prefix: "", item: undefined });
  if (count <= MAX_ROUNDS) return undefined;
  return `its for-each steps come to ${count} rounds; at most ${MAX_ROUNDS} in one run`;
}

type View = { run: Run; now: Instant };
type At = { prefix: string; item: Item | undefined };

function roundsIn(view: View, steps: readonly Step[], at: At): number {
  return steps.reduce((sum, step) => sum + roundsAt(view, step, at), 0);
}

/** What cannot be known yet counts nothing here: it is looked at again when the run comes to it. */
function roundsAt(view: View, step: Step, { prefix, item }: At): number {
  if (step.kind !== "for-each" && step.kind !== "switch") return 0;
  const path = prefix + step.id;
  if (view.run.steps.get(path)?.outcome === "skipped") return 0;
  if (step.kind === "for-each") return roundsOf(view, step, { prefix: path, item });
  const branch = view.run.branches.get(path);
  return branch === undefined ? 0 : roundsIn(view, stepsOfBranch(step, branch), { prefix: `${path}/${branch}/`, item });
}

function roundsOf(view: View, step: ForEachStep, { prefix, item }: At): number {
  const items = view.run.rounds.get(prefix)?.items ?? itemsAhead(view, step, { path: prefix, item });
  return items.reduce<number>((sum, one, round) => {
    const inside = { prefix: `${prefix}/${round}/`, item: { ...item, [step.as]: one } };
    return sum + 1 + roundsIn(view, step.steps, inside);
  }, 0);
}

/** The items of a loop that has not begun; more than it may have are refused for themselves. */
function itemsAhead({ run, now }: View, step: ForEachStep, standing: Standing): readonly unknown[] {
  const scope = scopeOf(run, now, standing);
  const taken = step.if?.test(scope);
  if (taken && !(taken.known && taken.value)) return [];
  const items = step.items.render(scope);
  return items.known && Array.isArray(items.value) && items.value.length <= MAX_ITEMS ? items.value : [];
}
