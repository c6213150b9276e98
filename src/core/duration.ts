import { AppError } from "./errors.ts";
import type { Milliseconds } from "./time.ts";

const UNITS = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

const GRAMMAR = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/**
 * Prometheus's duration grammar: `1h30m`, `500ms`, `1d`; units in falling order, `0` alone allowed.
 * @throws AppError `invalid_request` with the text and an example.
 */
export function parseDuration(text: string): Milliseconds {
  if (text === "0") return 0;
  const match = text === "" ? null : GRAMMAR.exec(text);
  if (!match)
    throw new AppError(
      "invalid_request",
      `${JSON.stringify(text.slice(0, 40))} is no duration; write it like 30s, 15m or 1h30m`,
    );
  const total = UNITS.reduce((sum, [, factor], index) => sum + Number(match[index + 1] ?? 0) * factor, 0);
  if (!Number.isSafeInteger(total))
    throw new AppError("invalid_request", `${text.slice(0, 40)} is too long a duration`);
  return total;
}

/** The shortest text of a duration: `1h30m`; below a second in ms. Negative times read as 0s. */
export function formatDuration(ms: Milliseconds): string {
  let rest = Math.max(0, Math.round(ms >= 1_000 ? Math.round(ms / 1_000) * 1_000 : ms));
  if (rest === 0) return "0s";
  let text = "";
  for (const [unit, factor] of UNITS.slice(2)) {
    const count = Math.floor(rest / factor);
    rest -= count * factor;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
