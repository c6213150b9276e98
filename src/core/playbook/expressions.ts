import type { ExpressionFault } from "../cel/check-names.ts";
import type { CelType, Outputs } from "../cel/names.ts";
import type { Compiled } from "../cel/program.ts";
import { splitTemplate } from "../cel/split.ts";
import { compileExpectation, contextOf, type ExpressionCompiler } from "../expression.ts";
import type { Condition, Expectation, Template } from "../scope.ts";
import { compileTemplate, textTemplate } from "../template.ts";
import type { Instant } from "../time.ts";
import { fault, kindOf, type Node, type Reader } from "../yaml/node.ts";

type Source = { text: string; at: number };

/** CEL as text; `true` needs no quotes, and `${{ }}` around the whole is taken off. */
function celText(node: Node): Source | undefined {
  if (typeof node.value === "boolean") return { text: String(node.value), at: 0 };
  if (typeof node.value !== "string") return fault(node, `it is ${kindOf(node.value)}; write a CEL expression`);
  const [only, ...others] = splitTemplate(node.value).pieces;
  return only?.kind === "expression" && others.length === 0
    ? { text: only.text, at: only.at }
    : { text: node.value, at: 0 };
}

function noteAll(node: Node, source: Source, faults: readonly ExpressionFault[]): undefined {
  for (const { message, at } of faults) fault(node, message, source.at + at);
}

function compiledFrom<T>(compile: (text: string) => Compiled<T>): Reader<T> {
  return (node) => {
    const source = celText(node);
    if (source === undefined) return undefined;
    const compiled = compile(source.text);
    return compiled.ok ? compiled.value : noteAll(node, source, compiled.faults);
  };
}

/** A condition over the scope. */
export function condition(compiler: ExpressionCompiler): Reader<Condition> {
  return compiledFrom(compiler.condition);
}

/** An expectation over an action's output. */
export function expectation(output: Outputs | undefined): Reader<Expectation> {
  return compiledFrom((text) => compileExpectation(text, output));
}

/** A number from CEL, as the fallback of a fact; `reads` and unknown as with templates. */
export function numberExpression(compiler: ExpressionCompiler): Reader<Template<number>> {
  return expressionOf(compiler, ["double", "int"], (value) => {
    const number = typeof value === "bigint" ? Number(value) : value;
    return typeof number === "number" && !Number.isNaN(number) ? number : undefined;
  });
}

/** A point in time from CEL: `now + duration("2h")`. */
export function instantExpression(compiler: ExpressionCompiler): Reader<Template<Instant>> {
  return expressionOf(compiler, ["google.protobuf.Timestamp"], (value) =>
    value instanceof Date ? value.getTime() : undefined,
  );
}

function expressionOf<T>(
  compiler: ExpressionCompiler,
  types: readonly CelType[],
  convert: (value: unknown) => T | undefined,
): Reader<Template<T>> {
  const wanted = types[0]?.split(".").at(-1)?.toLowerCase() ?? "";
  return compiledFrom((text) => {
    const compiled = compiler.program(text);
    if (!compiled.ok) return compiled;
    const { type, reads, roots, run } = compiled.value;
    if (!types.includes(type) && !type.startsWith("dyn")) {
      return { ok: false, faults: [{ message: `it gives ${type}, not ${wanted}`, at: 0 }] };
    }
    const render: Template<T>["render"] = (scope) => {
      const made = run(contextOf(scope, roots), convert);
      if (!made.known) return made;
      return made.value === undefined
        ? { known: false, why: `${text} does not give ${wanted}` }
        : { known: true, value: made.value };
    };
    return { ok: true, value: { text, reads, render } };
  });
}

/** A tree with `${{ }}` in it, and the type that it gives. */
export function template(compiler: ExpressionCompiler): Reader<{ template: Template; type: CelType }> {
  return (node) => {
    const compiled = compileTemplate(node.value, compiler, node.path.at(-1) === "query" ? "query" : "");
    if (compiled.ok) return { template: compiled.value, type: compiled.type };
    for (const { message, path, at } of compiled.faults) fault({ ...node, path: [...node.path, ...path] }, message, at);
    return undefined;
  };
}

/** Text with `${{ }}` in it. */
export function textWith(compiler: ExpressionCompiler): Reader<Template<string>> {
  const read = template(compiler);
  return (node) => {
    if (typeof node.value !== "string" || node.value.trim() === "")
      return fault(node, `it is ${kindOf(node.value)}; write text`);
    const made = read(node);
    if (made === undefined) return undefined;
    if (made.type !== "string" && made.type !== "dyn") return fault(node, `it gives ${made.type}, not text`);
    return textTemplate(made.template);
  };
}
