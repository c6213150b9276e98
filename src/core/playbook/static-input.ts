import type { z } from "zod";
import { issueText } from "../issue.ts";
import { isPlainObject } from "../json.ts";
import { suggestion } from "../near.ts";
import { fault, keyFault, type Node } from "../yaml/node.ts";
import type { CatalogAction } from "./catalog.ts";
import { inputNames } from "./input-names.ts";

type Path = readonly (string | number)[];

/** Checks what is written out in a `with` against the action's schema; what an expression gives is checked when it runs. */
export function checkInput(node: Node, uses: string, action: CatalogAction): void {
  const dynamic: Path[] = [];
  const known = withoutExpressions(node.value ?? {}, [], dynamic);
  const result = safely(() => action.input.safeParse(known));
  for (const issue of result?.error?.issues ?? []) {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    const at = { ...node, path: [...node.path, ...path] };
    if (issue.code === "unrecognized_keys")
      noteForeign(at, uses, { issue, known: path.length > 0 ? [] : inputNames(action.input) });
    else if (isDecided(path, dynamic)) fault(at, `${uses}: ${messageOf(issue, valueAt(known, path))}`);
  }
}

type Foreign = { issue: z.core.$ZodIssueUnrecognizedKeys; known: readonly string[] };

/** `known`: what could be meant. */
function noteForeign(at: Node, uses: string, { issue, known }: Foreign): void {
  for (const key of issue.keys) keyFault(at, key, `${uses}: it takes no ${key}${suggestion(key, known)}`);
}

/** The tree with undefined in the place of what is known only when it runs. */
export function writtenOut(tree: unknown): unknown {
  return withoutExpressions(tree, [], []);
}

/** Whether anything in it is known only when it runs. */
export function hasExpression(tree: unknown): boolean {
  const dynamic: Path[] = [];
  withoutExpressions(tree, [], dynamic);
  return dynamic.length > 0;
}

/** A refinement may stumble over what is missing because it is not known yet. */
function safely<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function withoutExpressions(tree: unknown, path: Path, dynamic: Path[]): unknown {
  if (typeof tree === "string" && tree.includes("${{")) {
    dynamic.push(path);
    return undefined;
  }
  if (Array.isArray(tree))
    return tree.map((inner: unknown, index) => withoutExpressions(inner, [...path, index], dynamic));
  if (!isPlainObject(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([key, inner]) => [key, withoutExpressions(inner, [...path, key], dynamic)]),
  );
}

/** An issue at, above or below a value that is not known yet may vanish with it; a key that is foreign does not. */
function isDecided(path: Path, dynamic: readonly Path[]): boolean {
  return !dynamic.some((unknown) => isPrefix(unknown, path) || isPrefix(path, unknown));
}

function isPrefix(short: Path, long: Path): boolean {
  return short.every((part, index) => part === long[index]);
}

function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    tree,
  );
}

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined && issue.path.length > 0) return `it needs ${String(issue.path.at(-1))}`;
  return issueText(issue);
}
