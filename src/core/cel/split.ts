import type { ExpressionFault } from "./check-names.ts";

/** A part of a string with `${{ }}` in it; `at` is where the expression's text begins. */
export type Piece = { kind: "text"; text: string } | { kind: "expression"; text: string; at: number };

const OPEN = "${{";

/** Splits a string at its `${{ … }}`; braces and quotes within an expression are respected. */
export function splitTemplate(text: string): { pieces: readonly Piece[]; faults: readonly ExpressionFault[] } {
  const pieces: Piece[] = [];
  let from = 0;
  for (let open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, from)) {
    const start = open + OPEN.length;
    const end = endOf(text, start);
    if (end === undefined)
      return { pieces, faults: [{ message: "an expression that is opened here has no closing }}", at: open }] };
    if (open > from) pieces.push({ kind: "text", text: text.slice(from, open) });
    pieces.push(expression(text, start, end));
    from = end + 2;
  }
  if (from < text.length || pieces.length === 0) pieces.push({ kind: "text", text: text.slice(from) });
  return { pieces, faults: [] };
}

function expression(text: string, start: number, end: number): Piece {
  const inner = text.slice(start, end);
  return { kind: "expression", text: inner.trim(), at: start + inner.length - inner.trimStart().length };
}

/** Where the `}}` of the expression that starts here stands. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"' || char === "'") at = endOfQuote(text, at);
    else if (char === "{") depth += 1;
    else if (char === "}" && depth > 0) depth -= 1;
    else if (char === "}" && text[at + 1] === "}") return at;
  }
  return undefined;
}

/** The closing quote of a CEL string, triple or raw ones included; the end of the text when there is none. */
function endOfQuote(text: string, at: number): number {
  const quote = text[at] ?? "";
  const delimiter = text.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  const raw = /[rR]/.test(text[at - 1] ?? "");
  for (let next = at + delimiter.length; next < text.length; next += 1) {
    if (text[next] === "\\" && !raw) next += 1;
    else if (text.startsWith(delimiter, next)) return next + delimiter.length - 1;
  }
  return text.length;
}
