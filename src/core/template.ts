import type { ExpressionFault } from "./cel/check-names.ts";
import type { CelType } from "./cel/names.ts";
import type { Compiled, Program } from "./cel/program.ts";
import { type Quote, queryText, quoteAfter } from "./cel/query-text.ts";
import { type Piece, splitTemplate } from "./cel/split.ts";
import { jsonValue, NoValue } from "./cel/values.ts";
import { contextOf, type ExpressionCompiler } from "./expression.ts";
import { isPlainObject } from "./json.ts";
import type { Evaluated, Scope, Template } from "./scope.ts";

/** A fault within a tree: `path` leads to the string, `at` to the character in it. */
export type TemplateFault = ExpressionFault & { path: readonly (string | number)[] };

export type CompiledTemplate =
  | { ok: true; value: Template; type: CelType }
  | { ok: false; faults: readonly TemplateFault[] };

/** A tree compiled: what it reads and how it renders; `constant` when there is no expression in it. */
type Part = { type: CelType; constant: boolean; reads: readonly string[]; render(scope: Scope): Evaluated<unknown> };
type Build = { compiler: ExpressionCompiler; faults: TemplateFault[] };

/**
 * Compiles JSON with `${{ }}` in its strings. A string that is exactly one expression keeps its type; in others values are
 * put as text, and in what stands under a key `query` so that they cannot change the query. Keys are taken literally.
 */
export function compileTemplate(tree: unknown, compiler: ExpressionCompiler, key = ""): CompiledTemplate {
  const build: Build = { compiler, faults: [] };
  const part = partOf(tree, key === "" ? [] : [key], build);
  const faults = key === "" ? build.faults : build.faults.map((fault) => ({ ...fault, path: fault.path.slice(1) }));
  if (faults.length > 0) return { ok: false, faults };
  const text = typeof tree === "string" ? tree : JSON.stringify(tree);
  return { ok: true, type: part.type, value: { text, reads: part.reads, render: part.render } };
}

type Path = readonly (string | number)[];

function partOf(tree: unknown, path: Path, build: Build): Part {
  if (typeof tree === "string") return stringPart(tree, path, build);
  if (Array.isArray(tree)) return listPart(tree, path, build);
  if (isPlainObject(tree)) return mapPart(tree, path, build);
  return constant(tree, typeof tree === "number" ? "double" : typeof tree === "boolean" ? "bool" : "dyn");
}

function constant(value: unknown, type: CelType): Part {
  const rendered = { known: true, value } as const;
  return { type, constant: true, reads: [], render: () => rendered };
}

function listPart(tree: readonly unknown[], path: Path, build: Build): Part {
  const parts = tree.map((inner, index) => partOf(inner, [...path, index], build));
  if (parts.every((part) => part.constant)) return constant(tree, "list<dyn>");
  const render = (scope: Scope) =>
    collect(
      parts.map((part, index) => [String(index), part]),
      scope,
      (rows) => rows.map(([, value]) => value),
    );
  return { type: "list<dyn>", constant: false, reads: readsOf(parts), render };
}

function mapPart(tree: Readonly<Record<string, unknown>>, path: Path, build: Build): Part {
  const rows = Object.entries(tree).map(([key, inner]) => {
    if (key.includes("${{"))
      build.faults.push({ message: "a key cannot be an expression", at: 0, path: [...path, key] });
    return [key, partOf(inner, [...path, key], build)] as const;
  });
  const parts = rows.map(([, part]) => part);
  if (parts.every((part) => part.constant)) return constant(tree, "map<string, dyn>");
  return {
    type: "map<string, dyn>",
    constant: false,
    reads: readsOf(parts),
    render: (scope) => collect(rows, scope, Object.fromEntries),
  };
}

type Rows = readonly (readonly [string, unknown])[];

/** The first part that is unknown makes the whole unknown, and says which it was. */
function collect(
  rows: readonly (readonly [string, Part])[],
  scope: Scope,
  join: (rows: Rows) => unknown,
): Evaluated<unknown> {
  const made: (readonly [string, unknown])[] = [];
  for (const [key, part] of rows) {
    const rendered = part.render(scope);
    if (!rendered.known) return { known: false, why: `${key}: ${rendered.why}` };
    made.push([key, rendered.value]);
  }
  return { known: true, value: join(made) };
}

function readsOf(parts: readonly { reads: readonly string[] }[]): readonly string[] {
  return [...new Set(parts.flatMap((part) => part.reads))];
}

function stringPart(text: string, path: Path, build: Build): Part {
  const { pieces, faults } = splitTemplate(text);
  build.faults.push(...faults.map((fault) => ({ ...fault, path })));
  const [only] = pieces;
  if (pieces.length === 1 && only?.kind === "expression") return wholePart(only, path, build);
  if (pieces.every((piece) => piece.kind === "text")) return constant(text, "string");
  return textPart(pieces, path, build);
}

function compiled(piece: Extract<Piece, { kind: "expression" }>, path: Path, build: Build): Program | undefined {
  const program: Compiled<Program> = build.compiler.program(piece.text);
  if (program.ok) return program.value;
  build.faults.push(...program.faults.map(({ message, at }) => ({ message, at: piece.at + at, path })));
  return undefined;
}

function wholePart(piece: Extract<Piece, { kind: "expression" }>, path: Path, build: Build): Part {
  const program = compiled(piece, path, build);
  if (!program) return constant(null, "dyn");
  const type = jsonType(program.type);
  if (type === undefined)
    build.faults.push({ message: `it gives ${program.type}, which is no value for an input`, at: piece.at, path });
  const render = (scope: Scope) => program.run(contextOf(scope, program.roots), jsonValue);
  return { type: type ?? "dyn", constant: false, reads: program.reads, render };
}

/** The type that a value has once it is JSON; undefined for what has no JSON form. */
function jsonType(type: CelType): CelType | undefined {
  if (type === "int" || type === "uint" || type === "double") return "double";
  if (type === "string" || type.startsWith("google.protobuf.")) return "string";
  if (type.startsWith("list")) return "list<dyn>";
  if (type === "null" || type === "type" || type === "bytes" || type.startsWith("optional")) return undefined;
  if (type === "bool" || type === "dyn") return type;
  return type.startsWith("dyn<") ? "dyn" : "map<string, dyn>";
}

type TextPiece = (scope: Scope) => Evaluated<string>;

function textPart(pieces: readonly Piece[], path: Path, build: Build): Part {
  const isQuery = path.at(-1) === "query";
  const reads: string[] = [];
  let quote: Quote;
  const writers = pieces.map<TextPiece>((piece) => {
    if (piece.kind === "text") {
      quote = quoteAfter(piece.text, quote);
      return () => ({ known: true, value: piece.text });
    }
    const program = compiled(piece, path, build);
    if (!program) return () => ({ known: false, why: "it did not compile" });
    reads.push(...program.reads);
    if (isStructure(program.type))
      build.faults.push({ message: `${program.type} cannot be put into a text`, at: piece.at, path });
    const at = quote;
    const write = (value: unknown) => (isQuery ? queryText(textOf(value), at) : textOf(value));
    return (scope) => program.run(contextOf(scope, program.roots), write);
  });
  return { type: "string", constant: false, reads: [...new Set(reads)], render: (scope) => joined(writers, scope) };
}

function isStructure(type: CelType): boolean {
  const json = jsonType(type);
  return json === undefined || json.startsWith("list") || json.startsWith("map");
}

function joined(writers: readonly TextPiece[], scope: Scope): Evaluated<string> {
  let text = "";
  for (const write of writers) {
    const written = write(scope);
    if (!written.known) return written;
    text += written.value;
  }
  return { known: true, value: text };
}

function textOf(value: unknown): string {
  const json = jsonValue(value);
  if (typeof json === "string") return json;
  if (json === Number.POSITIVE_INFINITY) return "+Inf";
  if (json === Number.NEGATIVE_INFINITY) return "-Inf";
  if (typeof json === "number" || typeof json === "boolean") return String(json);
  throw new NoValue("a list or a map cannot be put into a text");
}

/** A template that gives text; what gives anything else is unknown when it is rendered. */
export function textTemplate(template: Template): Template<string> {
  return narrowed(template, (value) => typeof value === "string", "text");
}

/** A template that gives a list; what gives anything else is unknown when it is rendered. */
export function listTemplate(template: Template): Template<readonly unknown[]> {
  return narrowed<readonly unknown[]>(template, Array.isArray, "a list");
}

/** A template that gives a map; what gives anything else is unknown when it is rendered. */
export function mapTemplate(template: Template): Template<Readonly<Record<string, unknown>>> {
  return narrowed(template, isPlainObject, "a map");
}

function narrowed<T>({ text, reads, render }: Template, is: (value: unknown) => value is T, what: string): Template<T> {
  return {
    text,
    reads,
    render(scope) {
      const rendered = render(scope);
      if (!rendered.known) return rendered;
      return is(rendered.value)
        ? { known: true, value: rendered.value }
        : { known: false, why: `${text} does not give ${what}` };
    },
  };
}
