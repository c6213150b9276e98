import { oneLine } from "../../core/one-line.ts";
import type { Instant } from "../../core/time.ts";

/** What may stand in a mail address, or beside it in one word, and means nothing to Markdown within a code span. */
const WORD = /([^\s\\`*{}[\]<>()|&!"',;#]+)/;
const ADDRESS = /[^@]@[^@]/;

/**
 * Alert text is data: one line, and no Markdown, HTML or link of its own (CommonMark escapes every ASCII punctuation mark). GitHub looks for
 * mail addresses once escapes are resolved (cmark-gfm, `extensions/autolink.c`), so a word with one is shown as code.
 */
export function text(foreign: string, max = 500): string {
  return oneLine(foreign, max)
    .split(WORD)
    .map((part, index) => (index % 2 === 1 && ADDRESS.test(part) ? `\`${part}\`` : escaped(part)))
    .join("")
    .replace(/^[-+=]/, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2");
}

function escaped(part: string): string {
  return part
    .replace(/[\\`*_{}[\]<>#|~&!]/g, (mark) => `\\${mark}`)
    .replaceAll("://", "\\://")
    .replace(/www\./gi, (found) => found.replace(".", "\\."));
}

/** `## TITLE` with its lines, or with `nothing` in their place. */
export function section(title: string, lines: readonly string[], nothing = "- none"): string {
  return [`## ${title}`, "", ...(lines.length > 0 ? lines : [nothing])].join("\n");
}

/** A table of two columns; the cells are Markdown already. */
export function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  return ["| field | value |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)];
}

/** What only a person can write. */
export const BY_A_PERSON = "_to be written by a person_";

/** `2026-11-21 12:03 UTC`. */
export function minute(at: Instant): string {
  return `${day(at)} ${hhmm(at)} UTC`;
}

/** `2026-11-21`. */
export function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** `12:03`, UTC. */
export function hhmm(at: Instant): string {
  return new Date(at).toISOString().slice(11, 16);
}
