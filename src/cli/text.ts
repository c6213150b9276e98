import { stripVTControlCharacters, styleText } from "node:util";
import { formatDuration } from "../core/duration.ts";
import { type Instant, plainTime } from "../core/time.ts";
import type { Io } from "./io.ts";

export type Style = Parameters<typeof styleText>[0];

/** Colours only where a terminal shows them. */
export function paint(io: Pick<Io, "color">, style: Style, text: string): string {
  return io.color ? styleText(style, text, { validateStream: false }) : text;
}

const CONTROLS = /[\p{Cc}\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/gu;

/** Foreign text as one line that cannot move the cursor, forge a line or turn its neighbours around. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, " ").replace(CONTROLS, "").trim();
}

/** The same for text of several lines (a report): line breaks and tabs stay. */
export function cleanLines(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROLS, (character) => (/[\n\t]/.test(character) ? character : ""));
}

/** `3m ago (2026-11-21 12:03:05Z)`, or `in 12m (…)`. */
export function when(at: string | null | undefined, now: Instant): string {
  if (at === null || at === undefined) return "";
  const instant = Date.parse(at);
  if (Number.isNaN(instant)) return clean(at);
  return `${relative(instant, now)} (${plainTime(instant)})`;
}

/** `3m ago`, `in 2h`. */
export function relative(at: Instant, now: Instant): string {
  const length = Math.abs(now - at);
  if (length < 1_000) return "now";
  return at > now ? `in ${coarse(length)}` : `${coarse(length)} ago`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Two units are enough for people: `5m20s`, `3h10m`, `2d4h`. */
function coarse(length: number): string {
  if (length < HOUR) return formatDuration(length);
  const unit = length < 48 * HOUR ? MINUTE : HOUR;
  return formatDuration(Math.round(length / unit) * unit);
}
