import type { Situation } from "./situation.ts";

/** Where the reason is told: at the run's end, in what it waits for, on the incident's timeline, with the alert, or to its sender. */
export type Where = "answer" | "ended" | "waits" | "said" | "alert";

/** A situation in which nothing must be done; with `acts` in place of `idle`, and nothing else changed, stanch acts. */
export type Case = {
  [K in keyof Situation]: { name: string; key: K; idle: Situation[K]; acts: Situation[K] };
}[keyof Situation] & { where: Where; why: RegExp; given?: Partial<Situation> };

/** Rows of a table about one key. */
export function rows<K extends keyof Situation>(
  key: K,
  ...table: readonly (readonly [string, Situation[K], Situation[K], Where, RegExp, Partial<Situation>?])[]
): readonly Case[] {
  return table.map(
    ([name, idle, acts, where, why, given]) =>
      ({ name, key, idle, acts, where, why, ...(given && { given }) }) as unknown as Case,
  );
}
