import type { z } from "zod";
import type { AnyAction, Effect } from "../action.ts";
import type { Outputs } from "../cel/names.ts";
import { outputsOf } from "../cel/outputs.ts";
import type { Connections } from "../connection.ts";
import type { Voters } from "../voters.ts";

/** What the loader must know of an action; an `ActionTable` is a catalog. */
export type CatalogAction = {
  effect: AnyAction["effect"];
  input: z.ZodType;
  /** Without it, every field of the output is taken as it comes. */
  output?: z.ZodType;
  /** It tells people something, which is not repeated lightly. */
  tells?: boolean;
  /** Its presence says that the action can be undone. */
  revert?: unknown;
} & Pick<Partial<AnyAction>, "connection" | "faults" | "targets">;

/** Name → action. */
export type ActionCatalog = ReadonlyMap<string, CatalogAction>;

/** What playbooks are read against: the actions, and what `stanch.yaml` declares. */
export type PlaybookEnvironment = {
  actions: ActionCatalog;
  /** Names of the facts. */
  facts: readonly string[];
  /** `vars` of `stanch.yaml`: playbooks see them as if they stood first among their own. */
  vars: Readonly<Record<string, unknown>>;
  /** Names of the approval groups; undefined: not checked. */
  groups?: readonly string[];
  /** Who may approve; undefined: not checked. */
  voters?: Voters;
  /** Those of `stanch.yaml`; undefined: what they lack is not looked for. */
  connections?: Connections;
  /** The targets of the playbook that is read, where they are written out. */
  declared?: readonly string[];
  /** Its vars whose values are written out. */
  constants?: Readonly<Record<string, unknown>>;
};

const known = new WeakMap<z.ZodType, Outputs | undefined>();

/** The fields of the action's output, worked out once per schema. */
export function outputOf(action: CatalogAction | undefined): Outputs | undefined {
  const schema = action?.output;
  if (schema === undefined) return undefined;
  if (!known.has(schema)) known.set(schema, outputsOf(schema));
  return known.get(schema);
}

/** The effect as far as it can be known without input; undefined: it depends. */
export function fixedEffect(action: CatalogAction): Effect | undefined {
  return typeof action.effect === "function" ? undefined : action.effect;
}

/** True for what may be asked again and again, or beside others: it neither changes anything nor tells anybody. */
export function onlyReads(action: CatalogAction): boolean {
  return fixedEffect(action) === "read" && action.tells !== true;
}
