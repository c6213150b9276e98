import type { ASTNode } from "@marcbachmann/cel-js";

/** What cel-js hands to a macro at parse time. */
export type MacroCall = { ast: ASTNode; receiver: ASTNode | null; args: readonly ASTNode[] };

type Type = { name: string; kind: string };
type CreateError = (code: string, message: string, node: ASTNode) => Error;

/** The parts of cel-js' type checker that macros use. */
export type Checker = {
  check(node: ASTNode, context: unknown): Type;
  getType(name: string): Type;
  createError: CreateError;
};

/** The parts of cel-js' evaluator that macros use. */
export type Evaluator = { run(node: ASTNode, context: unknown): unknown; createError: CreateError };

type Requirement = { node: ASTNode; context: unknown; type: string; of: string };

/** @throws a type error at load when an argument can never be of this type. */
export function requireType(checker: Checker, { node, context, type, of }: Requirement): void {
  const found = checker.check(node, context);
  if (found.name === type || found.kind === "dyn") return;
  throw checker.createError("no_matching_overload", `${of} needs a ${type}, not a ${found.name}`, node);
}
