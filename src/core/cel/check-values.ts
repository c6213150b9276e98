import type { ASTNode } from "@marcbachmann/cel-js";
import { suggestion } from "../near.ts";
import type { StepView } from "../scope.ts";
import { SEVERITIES } from "../severity.ts";
import type { ExpressionFault } from "./check-names.ts";
import type { Names, Outputs } from "./names.ts";
import { childrenOf, pathOf } from "./walk.ts";

const OUTCOMES: readonly StepView["outcome"][] = ["succeeded", "failed", "skipped", "cancelled"];

/** What a name can be, where that is a closed set of words. */
export type WordsOf = (path: readonly string[]) => readonly string[] | undefined;

/** Comparisons with a text that the name beside it never is: `steps.probe.outcome == "success"`. They would fail in silence. */
export function impossibleComparisons(node: ASTNode, wordsOf: WordsOf): readonly ExpressionFault[] {
  return [...faultsAt(node, wordsOf), ...childrenOf(node).flatMap((child) => impossibleComparisons(child, wordsOf))];
}

function faultsAt(node: ASTNode, wordsOf: WordsOf): readonly ExpressionFault[] {
  if (node.op !== "==" && node.op !== "!=" && node.op !== "in") return [];
  const [left, right] = node.args;
  if (node.op !== "in") return [...foreign(left, [right], wordsOf), ...foreign(right, [left], wordsOf)];
  return right.op === "list" ? foreign(left, right.args, wordsOf) : [];
}

function foreign(named: ASTNode, compared: readonly ASTNode[], wordsOf: WordsOf): readonly ExpressionFault[] {
  const path = pathOf(named)?.map(({ name }) => name) ?? [];
  const words = wordsOf(path);
  if (words === undefined) return [];
  return compared.flatMap(({ op, args, range }) => {
    if (op !== "value" || typeof args !== "string" || words.includes(args)) return [];
    return [
      { message: `${path.join(".")} is never ${JSON.stringify(args)}${suggestion(args, words)}`, at: range.start },
    ];
  });
}

/** Of a scope: a step's outcome and the fields of its output, and the incident's severity. */
export function scopeWords({ steps }: Names): WordsOf {
  return (path) => {
    const [root, id = "", part, field = ""] = path;
    if (root === "steps" && part === "outcome" && path.length === 3) return OUTCOMES;
    if (root === "steps" && part === "output" && path.length === 4) return steps.get(id)?.words?.get(field);
    return path.join(".") === "incident.severity" ? SEVERITIES : undefined;
  };
}

/** Of an output, whose fields stand by themselves. */
export function outputWords(output: Outputs | undefined): WordsOf {
  return ([field = "", ...rest]) => (rest.length === 0 ? output?.words?.get(field) : undefined);
}
