import { AppError } from "./errors.ts";
import type { Milliseconds } from "./time.ts";

/** Longest duration that Prometheus can hold: 2^63 - 1 nanoseconds, about 292 years. */
const LONGEST: Milliseconds = 9_223_372_036_854;

const UNITS = [
  ["y", 365 * 24 * 3_600_000],
  ["w", 7 * 24 * 3_600_000],
  ["d", 24 * 3_600_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

const GRAMMAR = new RegExp(`^${UNITS.map(([unit]) => `(?:([0-9]+)${unit})?`).join("")}$`);

/**
 * Milliseconds of a duration in Prometheus' grammar: `1h30m`, `500ms`, `1d`, `0`; units from large to small, each once.
 * See `ParseDuration` in prometheus/common `model/time.go`. @throws AppError `invalid_request`.
 */
export function parseDuration(text: string): Milliseconds {
  if (text === "0") return 0;
  const parts = text === "" ? null : GRAMMAR.exec(text);
  if (parts === null) {
    throw new AppError("invalid_request", `${quoted(text)} is no duration; write it like 90s, 1h30m, 500ms or 1d`);
  }
  const total = UNITS.reduce((sum, [, length], index) => sum + Number(parts[index + 1] ?? 0) * length, 0);
  if (total > LONGEST) throw new AppError("invalid_request", `the duration ${quoted(text)} is too long`);
  return total;
}

/**
 * A duration for people in the same grammar, in days and less: `1h30m`. From one second on it is rounded to seconds, so that
 * what is left of a window reads well; `parseDuration` reads it back. Negative is `0s`.
 */
export function formatDuration(length: Milliseconds): string {
  let rest = length < 1_000 ? Math.round(length) : Math.round(length / 1_000) * 1_000;
  if (!(rest > 0)) return "0s";
  let text = "";
  for (const [unit, size] of UNITS.slice(2)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
