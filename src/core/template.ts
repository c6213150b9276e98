import type { ExpressionFault } from "./cel/check-names.ts";
import type { CelType } from "./cel/names.ts";
import { pathText } from "./cel/path-text.ts";
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
 * put as text, and in what stands under a key `query` or `path` so that they cannot change the query or lead elsewhere. Keys are
 * taken literally.
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
  const rows = parts.map((part, index) => [String(index), part] as const);
  return { type: "list<dyn>", constant: false, reads: readsOf(parts), render: renderer(rows, values) };
}

function values(rows: Rows): readonly unknown[] {
  return rows.map(([, value]) => value);
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
    render: renderer(rows, Object.fromEntries),
  };
}

type Rows = readonly (readonly [string, unknown])[];

/**
 * Renders part by part; the first that is unknown makes the whole unknown, and is named. A function of its own, as what is
 * captured here lives as long as the playbook: the compiler must not.
 */
function renderer(rows: readonly (readonly [string, Part])[], join: (rows: Rows) => unknown): Part["render"] {
  return (scope) => {
    const made: (readonly [string, unknown])[] = [];
    for (const [key, part] of rows) {
      const rendered = part.render(scope);
      if (!rendered.known) return { known: false, why: `${key}: ${rendered.why}` };
      made.push([key, rendered.value]);
    }
    return { known: true, value: join(made) };
  };
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
  return { type: type ?? "dyn", constant: false, reads: program.reads, render: evaluator(program, jsonValue) };
}

function evaluator<T>(program: Program, convert: (value: unknown) => T): (scope: Scope) => Evaluated<T> {
  return (scope) => program.run(contextOf(scope, program.roots), convert);
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
  const reads: string[] = [];
  const writers: TextPiece[] = [];
  let quote: Quote;
  for (const piece of pieces) {
    if (piece.kind === "text") {
      quote = quoteAfter(piece.text, quote);
      writers.push(literal(piece.text));
      continue;
    }
    const program = compiled(piece, path, build);
    if (!program) continue;
    reads.push(...program.reads);
    if (isStructure(program.type))
      build.faults.push({ message: `${program.type} cannot be put into a text`, at: piece.at, path });
    writers.push(evaluator(program, writerOf(path.at(-1), quote)));
  }
  return { type: "string", constant: false, reads: [...new Set(reads)], render: joined(writers) };
}

function literal(text: string): TextPiece {
  const written = { known: true, value: text } as const;
  return () => written;
}

function writerOf(key: string | number | undefined, quote: Quote): (value: unknown) => string {
  if (key === "query") return (value) => queryText(textOf(value), quote);
  return key === "path" ? (value) => pathText(textOf(value)) : textOf;
}

function isStructure(type: CelType): boolean {
  const json = jsonType(type);
  return json === undefined || json.startsWith("list") || json.startsWith("map");
}

function joined(writers: readonly TextPiece[]): Part["render"] {
  return (scope) => {
    let text = "";
    for (const write of writers) {
      const written = write(scope);
      if (!written.known) return written;
      text += written.value;
    }
    return { known: true, value: text };
  };
}

function textOf(value: unknown): string {
  const json = jsonValue(value);
  if (typeof json === "string") return json;
  if (json === Number.POSITIVE_INFINITY) return "+Inf";
  if (json === Number.NEGATIVE_INFINITY) return "-Inf";
  if (typeof json === "number" || typeof json === "boolean") return String(json);
  throw new NoValue("a list or a map cannot be put into a text");
}
