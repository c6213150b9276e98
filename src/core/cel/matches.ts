import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { type Checker, type Evaluator, type MacroCall, requireType } from "./macro.ts";

/** A pattern that is not written in the expression is compiled at each evaluation, so it must be short. */
const LONGEST_PATTERN = 1_000;

/**
 * Makes `text.matches(pattern)` linear in time: cel-js would use a JavaScript RegExp. A macro is found by name and number of
 * arguments only, so one on another receiver type takes over every `.matches(x)`; cel-js does not document it (8.0.0).
 */
export function re2Macro(env: Environment): Environment {
  return env.registerFunction("bytes.matches(ast): bool", matches, { async: false });
}

function matches({ receiver, args }: MacroCall) {
  const [pattern] = args;
  if (receiver === null || pattern === undefined) throw new TypeError("matches() is called on a text with one pattern");
  const literal = pattern.op === "value" && typeof pattern.args === "string" ? pattern.args : undefined;
  const compiled: { pattern?: RE2JS } = {};
  return {
    async: false,
    typeCheck(checker: Checker, _: unknown, context: unknown) {
      requireType(checker, { node: receiver, context, type: "string", of: "matches()" });
      requireType(checker, { node: pattern, context, type: "string", of: "matches()" });
      if (literal !== undefined) compiled.pattern = compile(literal, checker, pattern);
      return checker.getType("bool");
    },
    evaluate(evaluator: Evaluator, _: unknown, context: unknown) {
      const text = evaluator.run(receiver, context);
      const source = compiled.pattern ?? evaluator.run(pattern, context);
      if (typeof text !== "string")
        throw evaluator.createError("no_matching_overload", "matches() needs a text", receiver);
      const re = typeof source === "string" ? compile(source, evaluator, pattern) : source;
      if (re instanceof RE2JS) return re.test(text);
      throw evaluator.createError("no_matching_overload", "matches() needs a pattern", pattern);
    },
  };
}

function compile(source: string, by: Checker | Evaluator, node: ASTNode): RE2JS {
  if (source.length > LONGEST_PATTERN)
    throw by.createError("invalid_regular_expression", "the pattern is too long", node);
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const why = error instanceof Error ? error.message : "no RE2 expression";
    throw by.createError("invalid_regular_expression", `no valid RE2 expression: ${why}`, node);
  }
}
