import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The repository's root. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** Paths of our own files that match, relative to the root, sorted. */
export function list(...patterns: readonly string[]): string[] {
  const found = globSync([...patterns], {
    cwd: ROOT,
    exclude: (path) => /(^|\/)(node_modules|dist|\.git)(\/|$)/.test(path),
  });
  return found.sort();
}

export function read(path: string): string {
  return readFileSync(resolve(ROOT, path), "utf8");
}
