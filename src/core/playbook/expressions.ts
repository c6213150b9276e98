import type { ExpressionFault } from "../cel/check-names.ts";
import type { CelType, Outputs } from "../cel/names.ts";
import type { Compiled, Program } from "../cel/program.ts";
import { splitTemplate } from "../cel/split.ts";
import { compileExpectation, contextOf, type ExpressionCompiler, expectationSlips } from "../expression.ts";
import type { Condition, Expectation, Template } from "../scope.ts";
import { compileTemplate } from "../template.ts";
import type { Instant } from "../time.ts";
import { textTemplate } from "../typed-template.ts";
import { fault, kindOf, type Node, type Reader, slip } from "../yaml/node.ts";

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

function compiledFrom<T>(
  compile: (text: string) => Compiled<T>,
  slips: (text: string) => readonly ExpressionFault[] = () => [],
): Reader<T> {
  return (node) => {
    const source = celText(node);
    if (source === undefined) return undefined;
    const compiled = compile(source.text);
    if (!compiled.ok) return noteAll(node, source, compiled.faults);
    for (const { message, at } of slips(source.text)) slip(node, message, source.at + at);
    return compiled.value;
  };
}

/** A condition over the scope. */
export function condition(compiler: ExpressionCompiler): Reader<Condition> {
  return compiledFrom(compiler.condition, compiler.slips);
}

/** An expectation over an action's output. */
export function expectation(output: Outputs | undefined): Reader<Expectation> {
  return compiledFrom(
    (text) => compileExpectation(text, output),
    (text) => expectationSlips(text, output),
  );
}

/** A point in time from CEL: `now + duration("2h")`. */
export function instantExpression(compiler: ExpressionCompiler): Reader<Template<Instant>> {
  const convert = (value: unknown) => (value instanceof Date ? value.getTime() : undefined);
  return expressionOf(compiler, { types: ["google.protobuf.Timestamp"], convert });
}

type Wanted<T> = { types: readonly CelType[]; convert: (value: unknown) => T | undefined };

function expressionOf<T>(compiler: ExpressionCompiler, wanted: Wanted<T>): Reader<Template<T>> {
  const name = wanted.types[0]?.split(".").at(-1)?.toLowerCase() ?? "";
  return compiledFrom((text) => {
    const compiled = compiler.program(text);
    if (!compiled.ok) return compiled;
    const { type } = compiled.value;
    if (wanted.types.includes(type) || type.startsWith("dyn")) {
      return { ok: true, value: templateOf(compiled.value, wanted.convert, name) };
    }
    return { ok: false, faults: [{ message: `it gives ${type}, not ${name}`, at: 0 }] };
  });
}

function templateOf<T>({ text, reads, roots, run }: Program, convert: Wanted<T>["convert"], name: string): Template<T> {
  return {
    text,
    reads,
    render(scope) {
      const made = run(contextOf(scope, roots), convert);
      if (!made.known) return made;
      if (made.value === undefined) return { known: false, why: `${text} does not give ${name}` };
      return { known: true, value: made.value };
    },
  };
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
