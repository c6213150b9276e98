import { createHash } from "node:crypto";

/** SHA-256 over the parts, unambiguously joined; hex. */
export function digestOf(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}

/** A short deterministic id: `run-1f0c9a2b3d4e`. The same parts give the same id, so a repeated write finds the first one. */
export function idOf(prefix: string, ...parts: readonly string[]): string {
  return `${prefix}-${digestOf(...parts).slice(0, 12)}`;
}
