import { typedEnvironment } from "../cel/environment.ts";
import type { CelType, Names, Outputs } from "../cel/names.ts";
import { type ExpressionCompiler, expressionCompiler, lazily } from "../expression.ts";
import { isPlainObject } from "../json.ts";
import { type CatalogAction, outputOf, type PlaybookEnvironment } from "./catalog.ts";

/** Where in a playbook one reads: which steps came before, and the items of the `for-each` blocks around. */
export type Place = {
  env: PlaybookEnvironment;
  vars: ReadonlyMap<string, CelType>;
  /** Every step of the playbook with the output of its action, in the order of the text. */
  all: ReadonlyMap<string, Outputs | undefined>;
  before: readonly string[];
  items: readonly string[];
  /** The type-checker for these items, shared by all places: steps that come later are refused by name already. */
  typed: (items: readonly string[]) => ReturnType<typeof typedEnvironment>;
};

/** The place before the first step. `steps` is the raw list, whose ids are looked up without judging them. */
export function placeAtStart(env: PlaybookEnvironment, vars: ReadonlyMap<string, CelType>, steps: unknown): Place {
  const ids = idsWithin(steps).map(({ id, uses }) => [id, outputOf(actionOf(env, uses))] as const);
  const all = new Map(ids);
  const made = new Map<string, () => ReturnType<typeof typedEnvironment>>();
  const typed = (items: readonly string[]) => {
    const key = items.join();
    const make =
      made.get(key) ?? lazily(() => typedEnvironment({ facts: env.facts, vars, steps: all, later: [], items }));
    made.set(key, make);
    return make();
  };
  return { env, vars, all, before: [], items: [], typed };
}

function actionOf(env: PlaybookEnvironment, uses: unknown): CatalogAction | undefined {
  return typeof uses === "string" ? env.actions.get(uses) : undefined;
}

/** Maps with an `id` anywhere in the steps, in the order of the text. */
export function idsWithin(raw: unknown): readonly { id: string; uses: unknown }[] {
  if (Array.isArray(raw)) return raw.flatMap(idsWithin);
  if (!isPlainObject(raw)) return [];
  const { id, uses } = raw;
  const own = typeof id === "string" ? [{ id, uses }] : [];
  return [...own, ...["switch", "default", "parallel", "steps"].flatMap((key) => idsWithin(raw[key]))];
}

/** The place after these steps. */
export function after(place: Place, ids: readonly string[]): Place {
  return { ...place, before: [...place.before, ...ids] };
}

/** The place after every step: verification and what is judged later. */
export function afterAll(place: Place): Place {
  return { ...place, before: [...place.all.keys()] };
}

/** Names that expressions at this place may use. */
export function namesAt({ env, vars, all, before, items }: Place): Names {
  const steps = new Map([...all].filter(([id]) => before.includes(id)));
  return { facts: env.facts, vars, steps, later: [...all.keys()].filter((id) => !before.includes(id)), items };
}

/** Compiles expressions at this place. */
export function compilerAt(place: Place): ExpressionCompiler {
  return expressionCompiler(namesAt(place), () => place.typed(place.items));
}
