import type { ASTNode } from "@marcbachmann/cel-js";
import { suggestion } from "../near.ts";
import type { StepView } from "../scope.ts";
import { SEVERITIES } from "../severity.ts";
import type { ExpressionFault } from "./check-names.ts";
import { childrenOf, pathOf } from "./walk.ts";

const OUTCOMES: readonly StepView["outcome"][] = ["succeeded", "failed", "skipped", "cancelled"];

/** Comparisons with a text that the name beside it never is: `steps.probe.outcome == "success"`. They would fail in silence. */
export function impossibleComparisons(node: ASTNode): readonly ExpressionFault[] {
  return [...faultsAt(node), ...childrenOf(node).flatMap(impossibleComparisons)];
}

function faultsAt(node: ASTNode): readonly ExpressionFault[] {
  if (node.op !== "==" && node.op !== "!=" && node.op !== "in") return [];
  const [left, right] = node.args;
  if (node.op !== "in") return [...foreign(left, [right]), ...foreign(right, [left])];
  return right.op === "list" ? foreign(left, right.args) : [];
}

function foreign(named: ASTNode, compared: readonly ASTNode[]): readonly ExpressionFault[] {
  const found = valuesOf(named);
  if (found === undefined) return [];
  return compared.flatMap(({ op, args, range }) => {
    if (op !== "value" || typeof args !== "string" || found.values.includes(args)) return [];
    return [
      { message: `${found.name} is never ${JSON.stringify(args)}${suggestion(args, found.values)}`, at: range.start },
    ];
  });
}

/** What a name can be, where that is a closed set of words. */
function valuesOf(node: ASTNode): { name: string; values: readonly string[] } | undefined {
  const path = pathOf(node)?.map(({ name }) => name) ?? [];
  const [root, , last] = path;
  if (root === "steps" && last === "outcome" && path.length === 3) return { name: path.join("."), values: OUTCOMES };
  return path.join(".") === "incident.severity" ? { name: "incident.severity", values: SEVERITIES } : undefined;
}
