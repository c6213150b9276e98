import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** The repository's root, with a function that reads from it. */
export const ROOT = resolve(import.meta.dirname, "../..");

export function text(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export function has(path: string): boolean {
  return existsSync(join(ROOT, path));
}

/** One YAML document with merge keys, as docker compose reads it. */
export function yaml<T>(path: string): T {
  return parse(text(path), { merge: true }) as T;
}

/** Every document of a file. @throws when one has a syntax error. */
export function yamls<T>(path: string): T[] {
  return parseAllDocuments(text(path)).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as T;
  });
}

/** A path in `file`, relative to the repository's root. */
export function beside(file: string, path: string): string {
  return join(dirname(file), path);
}
