/** What stands after `/stanch`, or in a button: a verb, its words, and where the answer goes. */
export type CommandLine = { verb: string; args: readonly string[]; here: boolean; confirmed: boolean };

/** What a person typed: Slack's escapes and the curly quotes of phones are undone first. */
export function parseTyped(text: string): CommandLine {
  return parseCommandLine(unescapeText(text).replace(/[“”„]/g, '"').replace(/[‘’]/g, "'"));
}

/**
 * Splits a command as a shell would: words, `"quoted words"`, options `--here` (the answer is for everyone) and `--confirmed`
 * (what a confirming button adds). No verb is `help`.
 */
export function parseCommandLine(text: string): CommandLine {
  const words = split(text);
  const options = new Set(words.filter((word) => OPTIONS.has(word)));
  const [verb = "help", ...args] = words.filter((word) => !OPTIONS.has(word));
  return { verb: verb.toLowerCase(), args, here: options.has("--here"), confirmed: options.has("--confirmed") };
}

/** A word as `parseCommandLine` reads it back. */
export function quoted(word: string): string {
  return word !== "" && !/[\s"\\]/.test(word) ? word : `"${word.replace(/[\\"]/g, "\\$&")}"`;
}

/** Undoes Slack's three escapes, and turns its mentions and links back into what was typed. */
export function unescapeText(text: string): string {
  return text
    .replace(
      /<[@#!]?(?:subteam\^)?([^|<>]*)(?:\|([^<>]*))?>/g,
      (_, target: string, label: string | undefined) => label ?? target,
    )
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

const OPTIONS: ReadonlySet<string> = new Set(["--here", "--confirmed"]);
const WORD = /(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*"?)+/g;

function split(text: string): string[] {
  return [...text.matchAll(WORD)].map(([word]) => word.replace(/"((?:[^"\\]|\\.)*)"?/g, "$1").replace(/\\(.)/g, "$1"));
}
