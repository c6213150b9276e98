import type { Instant } from "../../core/time.ts";
import { dayAndTime, MAX_PIECE, plain } from "../words.ts";

/** Text in Slack's mrkdwn that is safe to send; made by `mrkdwn` and the functions here, never from foreign text directly. */
export type Mrkdwn = { readonly mrkdwn: string };

type Piece = string | number | Mrkdwn | undefined;

/**
 * Tagged template: the literal parts are ours, every value is foreign and becomes one escaped line of at most 500 characters
 * (so alert text never becomes a mention, a link or another line); a value that is Mrkdwn already stands as it is.
 */
export function mrkdwn(literal: TemplateStringsArray, ...values: readonly Piece[]): Mrkdwn {
  const text = literal.reduce((sum, part, index) => sum + part + pieceOf(values[index]), "");
  return { mrkdwn: text };
}

/** Foreign text as mrkdwn, with a limit of its own. */
export function foreign(text: string, max = MAX_PIECE): Mrkdwn {
  return { mrkdwn: escapeText(plain(text, max)) };
}

/** Foreign text in code style; backticks in it would end the style. */
export function code(text: string, max = MAX_PIECE): Mrkdwn {
  const inside = plain(text, max).replaceAll("`", "'");
  return { mrkdwn: inside === "" ? "_empty_" : `\`${escapeText(inside)}\`` };
}

/** A block of preformatted lines. */
export function preformatted(lines: readonly string[], max = 2500): Mrkdwn {
  const inside = lines.map((line) => escapeText(plain(line, 400).replaceAll("`", "'"))).join("\n");
  return { mrkdwn: `\`\`\`${cut({ mrkdwn: inside }, max).mrkdwn}\`\`\`` };
}

/** Pieces with something between them; undefined ones are left out. */
export function join(pieces: readonly (Mrkdwn | undefined)[], separator = "\n"): Mrkdwn {
  const present = pieces.filter((piece) => piece !== undefined);
  return { mrkdwn: present.map((piece) => piece.mrkdwn).join(separator) };
}

const SHAPES = {
  time: "{time_secs}",
  date: "{date_short_pretty} {time}",
  second: "{date_short_pretty} {time_secs}",
} as const;

/** An instant that Slack shows in the reader's own time zone. */
export function when(at: Instant, format: keyof typeof SHAPES = "time"): Mrkdwn {
  return { mrkdwn: `<!date^${Math.floor(at / 1000)}^${SHAPES[format]}|${dayAndTime(at)} UTC>` };
}

/** A mention of a user (`U…`, `W…`) or a user group (`S…`); undefined when the id is neither. */
export function mention(id: string): Mrkdwn | undefined {
  if (/^[UW][A-Z0-9]{6,30}$/.test(id)) return { mrkdwn: `<@${id}>` };
  return /^S[A-Z0-9]{6,30}$/.test(id) ? { mrkdwn: `<!subteam^${id}>` } : undefined;
}

/** A link with words of ours; the address must be http or https, otherwise only the words remain. */
export function link(url: string, words: string): Mrkdwn {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  const shown = foreign(words).mrkdwn;
  if (!address || !/^https?:$/.test(address.protocol) || address.href.length > 2000) return { mrkdwn: shown };
  return { mrkdwn: `<${escapeText(address.href).replaceAll("|", "%7C")}|${shown.replaceAll("|", "/")}>` };
}

/** Where a playbook's longer story stands: a link, or as it is written where that is no web address; empty where there is none. */
export function runbookLink(runbook: string | undefined, lead: Mrkdwn): Mrkdwn {
  if (runbook === undefined) return { mrkdwn: "" };
  const where = /^https?:\/\//.test(runbook) ? link(runbook, "runbook") : foreign(`runbook: ${runbook}`, 300);
  return { mrkdwn: `${lead.mrkdwn}${where.mrkdwn}` };
}

/** Slack's three escapes. Everything that is not ours goes through it exactly once. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const ATOM = /&(?:amp|lt|gt);|<[^<>]*>|[\s\S]/gu;

/**
 * At most `max` UTF-16 units, never cutting through an escape, a mention, a link or a character; `…` marks the cut, and an
 * isolated piece of right-to-left text that was cut is closed.
 */
export function cut(text: Mrkdwn, max: number): Mrkdwn {
  if (text.mrkdwn.length <= max) return text;
  let [kept, isOpen] = ["", false];
  for (const [atom] of text.mrkdwn.matchAll(ATOM)) {
    if (kept.length + atom.length > max - 2) break;
    kept += atom;
    isOpen = atom === "\u2068" || (isOpen && atom !== "\u2069");
  }
  return { mrkdwn: `${kept}…${isOpen ? "\u2069" : ""}` };
}

function pieceOf(value: Piece): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? foreign(value).mrkdwn : value.mrkdwn;
}
