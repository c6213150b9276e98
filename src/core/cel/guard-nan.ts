import { type ASTNode, EvaluationError } from "@marcbachmann/cel-js";
import { childrenOf } from "./walk.ts";

type Handle = (...args: readonly unknown[]) => unknown;
/** Where cel-js 8.0.0 keeps what a checked node does; not documented, so a test pins it. */
type Checked = ASTNode & { handle?: Handle };

const COMPUTES: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "call", "rcall"]);

/**
 * Makes every computation of a checked expression fail when it gives NaN (0/0, `double("NaN")`): a comparison with it would
 * read as false, and section 14.6 wants unknown.
 */
export function guardNaN(ast: ASTNode): void {
  const node: Checked = ast;
  const { handle } = node;
  if (COMPUTES.has(node.op) && handle !== undefined) {
    node.handle = (...args) => {
      const value = handle(...args);
      if (Number.isNaN(value)) throw new EvaluationError({ code: "not_a_number", message: "not a number", node: ast });
      return value;
    };
  }
  for (const child of childrenOf(ast)) guardNaN(child);
}
