import type { z } from "zod";
import { issueText } from "../issue.ts";
import { isPlainObject } from "../json.ts";
import { fault, type Node } from "../yaml/node.ts";
import type { CatalogAction } from "./catalog.ts";

type Path = readonly (string | number)[];

/** Checks what is written out in a `with` against the action's schema; what an expression gives is checked when it runs. */
export function checkInput(node: Node, uses: string, action: CatalogAction): void {
  const dynamic: Path[] = [];
  const known = withoutExpressions(node.value ?? {}, [], dynamic);
  const result = safely(() => action.input.safeParse(known));
  for (const issue of result?.error?.issues ?? []) {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (isDecided(issue.code, path, dynamic))
      fault({ ...node, path: [...node.path, ...path] }, `${uses}: ${messageOf(issue, valueAt(known, path))}`);
  }
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
function isDecided(code: z.core.$ZodIssue["code"], path: Path, dynamic: readonly Path[]): boolean {
  return code === "unrecognized_keys" || !dynamic.some((unknown) => isPrefix(unknown, path) || isPrefix(path, unknown));
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
  if (issue.code === "unrecognized_keys") return `it takes no ${issue.keys.join(", ")}`;
  if (value === undefined && issue.path.length > 0) return `it needs ${String(issue.path.at(-1))}`;
  return issueText(issue);
}
