import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { type Checker, type Evaluator, type MacroCall, requireType } from "./macro.ts";

type AlertContext = { getValue(name: string): unknown };

/**
 * `label(name)` and `label(name, default)`: a label of the alert. A missing label is the empty one, as in Prometheus: then
 * the default is taken, and without one the expression is unknown.
 */
export function labelMacro(env: Environment): Environment {
  return env
    .registerFunction("label(ast): string", label, { async: false })
    .registerFunction("label(ast, ast): string", label, { async: false });
}

function label({ ast, args }: MacroCall) {
  const [name, fallback] = args;
  if (name === undefined) throw new TypeError("label() names a label");
  return {
    async: false,
    typeCheck(checker: Checker, _: unknown, context: unknown) {
      for (const node of args) requireType(checker, { node, context, type: "string", of: "label()" });
      return checker.getType("string");
    },
    evaluate(evaluator: Evaluator, _: unknown, context: AlertContext) {
      const wanted = stringOf(evaluator, name, context);
      const value = labelOf(context.getValue("alert"), wanted);
      if (typeof value === "string" && value !== "") return value;
      if (fallback !== undefined) return stringOf(evaluator, fallback, context);
      throw evaluator.createError("no_label", `the alert has no label ${wanted}`, ast);
    },
  };
}

function stringOf(evaluator: Evaluator, node: ASTNode, context: unknown): string {
  const value = evaluator.run(node, context);
  if (typeof value === "string") return value;
  throw evaluator.createError("no_matching_overload", "label() needs texts", node);
}

function labelOf(alert: unknown, name: string): unknown {
  const labels = typeof alert === "object" && alert !== null && "labels" in alert ? alert.labels : undefined;
  if (labels instanceof Map) return labels.get(name);
  if (typeof labels !== "object" || labels === null || !Object.hasOwn(labels, name)) return undefined;
  return (labels as Readonly<Record<string, unknown>>)[name];
}
