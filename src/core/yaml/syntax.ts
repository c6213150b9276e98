import type { YAMLError } from "yaml";

type Found = { message: string; at: number };
type Problem = Pick<YAMLError, "code" | "message" | "pos">;

/**
 * What keeps a text from being YAML, in words that say what to do. Once a bracket has gone wrong the parser stumbles over every word
 * that follows; of those faults only the first ones are told.
 */
export function syntaxFaults(problems: readonly Problem[], text: string): readonly Found[] {
  const unquoted = problems.findIndex(({ pos }) => text.startsWith("${", pos[0] - 1));
  const told =
    unquoted < 0 ? problems.filter((one, index) => index === 0 || !isAftermath(one)) : problems.slice(0, unquoted + 1);
  return told.map((problem) => ({ message: messageOf(problem, text), at: problem.pos[0] }));
}

function isAftermath({ message }: Problem): boolean {
  return / token in YAML stream/.test(message);
}

function messageOf({ code, message, pos: [at] }: Problem, text: string): string {
  if (text.startsWith("${", at - 1))
    return `put the text with \${ in quotes; within { } and [ ] YAML takes its { for a map`;
  if (code === "DUPLICATE_KEY") return `the key ${keyAt(text, at)} stands twice in one map`;
  const said = firstLine(message);
  if (said.startsWith("Nested mappings are not allowed")) return `${said}; a text with ": " in it stands in quotes`;
  const isCut = said.includes("sufficiently indented") && / #/.test(lineBefore(text, at));
  return isCut ? `${said}; # begins a comment, a text with it stands in quotes` : said;
}

function keyAt(text: string, at: number): string {
  return /^["']?([^"':\s]+)/.exec(text.slice(at, at + 200))?.[1] ?? "";
}

function lineBefore(text: string, at: number): string {
  const end = text.lastIndexOf("\n", at - 1);
  return text.slice(text.lastIndexOf("\n", end - 1) + 1, Math.max(end, 0));
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message)
    .replace(/ at line \d+, column \d+:?$/, "")
    .replace(/; please use YAML\.parseAllDocuments\(\)/, "; one file holds one");
}
