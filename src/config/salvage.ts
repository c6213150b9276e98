import type { z } from "zod";
import { isPlainObject } from "../core/json.ts";
import { StanchYaml } from "./schema.ts";

type Path = readonly PropertyKey[];

/** What a faulty configuration still says. */
export type Salvaged = {
  yaml: StanchYaml;
  /** The place in the file of a place in `yaml`, whose lists may be shorter. */
  original(path: Path): Path;
};

/**
 * The configuration without what the schema refuses, so that one fault does not hide others: the smallest part is left out that
 * makes it fit.
 */
export function salvage(value: unknown): Salvaged {
  const indexes = new WeakMap<readonly unknown[], number[]>();
  const tree = copy(isPlainObject(value) ? { ...value, version: 1 } : { version: 1 }, indexes);
  for (;;) {
    const parsed = StanchYaml.safeParse(tree);
    if (parsed.success) return { yaml: parsed.data, original: (path) => originalPath(tree, path, indexes) };
    const pruned = parsed.error.issues.toReversed().filter((issue) => prune(tree, issue, indexes));
    if (pruned.length === 0) return { yaml: StanchYaml.parse({ version: 1 }), original: (path) => path };
  }
}

type Indexes = WeakMap<readonly unknown[], number[]>;

function copy(value: unknown, indexes: Indexes): unknown {
  if (Array.isArray(value)) {
    const list = value.map((inner: unknown) => copy(inner, indexes));
    indexes.set(list, [...list.keys()]);
    return list;
  }
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner, indexes)]));
}

/** Leaves out what the issue is about; where it is missing, what lacks it. False when there is nothing to leave out. */
function prune(tree: unknown, issue: z.core.$ZodIssue, indexes: Indexes): boolean {
  if (issue.code === "unrecognized_keys") {
    const map = valueAt(tree, issue.path);
    return isPlainObject(map) && issue.keys.map((key) => Reflect.deleteProperty(map, key)).length > 0;
  }
  for (let length = issue.path.length; length > 0; length--) {
    const parent = valueAt(tree, issue.path.slice(0, length - 1));
    if (remove(parent, issue.path[length - 1], indexes)) return true;
  }
  return false;
}

function remove(parent: unknown, key: PropertyKey | undefined, indexes: Indexes): boolean {
  if (Array.isArray(parent) && typeof key === "number" && key < parent.length) {
    parent.splice(key, 1);
    indexes.get(parent)?.splice(key, 1);
    return true;
  }
  if (!isPlainObject(parent) || key === undefined || !Object.hasOwn(parent, key)) return false;
  return Reflect.deleteProperty(parent, key);
}

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    tree,
  );
}

function originalPath(tree: unknown, path: Path, indexes: Indexes): Path {
  return path.map((key, at) => {
    const parent = valueAt(tree, path.slice(0, at));
    return Array.isArray(parent) && typeof key === "number" ? (indexes.get(parent)?.[key] ?? key) : key;
  });
}
