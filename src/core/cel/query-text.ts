import { NoValue } from "./values.ts";

/** Within which quotes of a PromQL text one stands; undefined: in none. */
export type Quote = '"' | "'" | "`" | undefined;

/** Where one stands after this literal text, starting from `quote`. Comments end with their line. */
export function quoteAfter(text: string, quote: Quote): Quote {
  let inside = quote;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inside === undefined && char === "#") {
      const end = text.indexOf("\n", at);
      if (end < 0) return inside;
      at = end;
    } else if (inside !== undefined && inside !== "`" && char === "\\") at += 1;
    else if (inside === undefined && (char === '"' || char === "'" || char === "`")) inside = char;
    else if (char === inside) inside = undefined;
  }
  return inside;
}

/** Or a part of one, as in `${{ label("service") }}_errors`; a duration is spelt like it. */
const NAME = /^[a-zA-Z0-9_:]*$/;
const NUMBER = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Inf)$/;

/**
 * A value as it may be put into a PromQL text: escaped within quotes; outside only what is a name, a number or a duration.
 * A label of an alert is data and never becomes part of the query. @throws NoValue when it would.
 */
export function queryText(value: string, quote: Quote): string {
  if (quote === undefined) {
    if (NAME.test(value) || NUMBER.test(value)) return value;
    throw new NoValue(`${JSON.stringify(value.slice(0, 80))} would change the query; put it in quotes there`);
  }
  if (quote === "`") {
    if (!value.includes("`")) return value;
    throw new NoValue("a backquote cannot be put between backquotes");
  }
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return escaped.replaceAll(quote, `\\${quote}`);
}
