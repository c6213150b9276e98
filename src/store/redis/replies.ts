import type { Doc, DocKind, Pause } from "../../core/store.ts";
import { readBody } from "../forms/index.ts";

/** A stored document is `REV JSON`; which forms the JSON may have depends on its kind. */
export function docOf<T extends object>(kind: DocKind, text: string | null | undefined): Doc<T> | undefined {
  if (text == null) return undefined;
  const space = text.indexOf(" ");
  return { rev: Number(text.slice(0, space)), body: readBody(kind, text.slice(space + 1)) };
}

/** A reply that is a list of strings. */
export function textsOf(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

/** A reply that is a number; nothing counts as 0. */
export function countOf(reply: unknown): number {
  return Number(reply ?? 0);
}

/** `a, b, c, d` as `[a, b], [c, d]`. */
export function pairsOf(flat: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] ?? "", flat[at + 1] ?? ""]);
  return pairs;
}

/** One that cannot be read counts, and says so. */
export function pauseOf(scope: string, text: string): Pause {
  try {
    const body = docOf<Pause>("pause", text)?.body;
    if (body && typeof body.by === "string") return { ...body, scope };
  } catch {
    // falls through: what cannot be read is a pause
  }
  return { scope, by: "stanch", reason: "the stored pause cannot be read; resume to remove it", at: 0 };
}
