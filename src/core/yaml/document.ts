import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
} from "yaml";
import type { Fault } from "../errors.ts";

/** Keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** A text of ours that was read as YAML: plain JSON, and where each part of it stands. */
export type YamlDocument = {
  file: string;
  root: unknown;
  /** Line and column, from 1; `at` counts characters into the string at `path`. A missing key stands where its map stands. */
  placeOf(path: Path, at?: number): { line: number; column: number };
  /** The place of the key itself rather than of its value. */
  placeOfKey(path: Path): { line: number; column: number };
};

/** Longest text and deepest nesting that is read. */
const LONGEST = 512 * 1024;
const DEEPEST = 40;

/** Reads one YAML 1.2 document of plain JSON: no aliases, anchors, tags, merge keys or repeated keys. All faults at once. */
export function readYaml(text: string, file: string): { document: YamlDocument } | { faults: readonly Fault[] } {
  if (text.length > LONGEST) return { faults: [{ file, message: `the file is larger than ${LONGEST / 1024} KiB` }] };
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const parsed = parseSafely(text, lines);
  if (parsed === undefined) return { faults: [{ file, message: `it is nested more than ${DEEPEST} levels deep` }] };
  const [first, second] = parsed;
  if (first === undefined) return { faults: [{ file, line: 1, column: 1, message: "the file is empty" }] };
  const said = [...first.errors, ...first.warnings].filter(({ code }) => code !== "TAG_RESOLVE_FAILED");
  const problems = said.map(({ message, pos }) => ({ message: headline(message), at: pos[0] }));
  if (second) problems.push({ message: "only one document per file", at: second.range[0] });
  problems.push(...foreignParts(first.contents));
  if (problems.length > 0) return { faults: problems.map(({ message, at }) => ({ file, ...place(at), message })) };
  return { document: documentOf(first.contents, { file, text, place, root: first.toJS({ maxAliasCount: 0 }) }) };
}

/** Undefined when it is nested too deep for the parser. */
function parseSafely(text: string, lineCounter: LineCounter) {
  if (bracketDepth(text) > DEEPEST * 10) return undefined;
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      strict: true,
      uniqueKeys: true,
      prettyErrors: false,
      merge: false,
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Quotes are not looked at: a text that fools this opens hundreds of brackets that it never closes. */
function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text) {
    if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth);
    else if (char === "]" || char === "}") depth = Math.max(0, depth - 1);
  }
  return deepest;
}

function headline(message: string): string {
  return message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? message;
}

/** What plain JSON has not: such parts could make a file mean something else than it shows. */
function foreignParts(contents: Node | null): readonly { message: string; at: number }[] {
  const found: { message: string; at: number }[] = [];
  visit(contents, (key, node, parents) => {
    if (parents.length > DEEPEST * 2) {
      found.push({ message: `it is nested more than ${DEEPEST} levels deep`, at: offsetOf(node) });
      return visit.BREAK;
    }
    const message = foreign(key, node);
    if (message) found.push({ message, at: offsetOf(node) });
    return undefined;
  });
  return found;
}

function foreign(key: number | "key" | "value" | null, node: unknown): string | undefined {
  if (isAlias(node)) return `aliases (*${node.source}) are not allowed`;
  if (!isNode(node)) return undefined;
  if (key === "key" && !(isScalar(node) && typeof node.value === "string"))
    return "a key must be text; put it in quotes";
  if (key === "key" && isScalar(node) && node.value === "<<") return "merge keys are not allowed";
  if ("anchor" in node && node.anchor !== undefined) return `anchors (&${String(node.anchor)}) are not allowed`;
  return typeof node.tag === "string" ? `tags (${node.tag}) are not allowed` : undefined;
}

function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key);
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

type Source = { file: string; text: string; root: unknown; place(offset: number): { line: number; column: number } };

function documentOf(contents: Node | null, { file, text, root, place }: Source): YamlDocument {
  return {
    file,
    root,
    placeOf(path, at = 0) {
      const node = nearestNode(contents, path);
      return place(offsetOf(node) + (isScalar(node) ? offsetWithin(node, text, at) : 0));
    },
    placeOfKey(path) {
      const parent = nearestNode(contents, path.slice(0, -1));
      const pair = isMap(parent)
        ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
        : undefined;
      return place(offsetOf(pair ?? nearestNode(contents, path)));
    },
  };
}

/** The node at the path, or the closest one above it that exists. */
function nearestNode(contents: Node | null, path: Path): unknown {
  let node: unknown = contents;
  for (const segment of path) {
    const inner: unknown = isMap(node) || isSeq(node) ? node.get(segment, true) : undefined;
    if (!isNode(inner)) return node;
    node = inner;
  }
  return node;
}

/** Characters into a scalar are counted only where its source is its text, with or without quotes. */
function offsetWithin(node: Scalar, text: string, at: number): number {
  const [start, end] = node.range ?? [0, 0];
  const source = text.slice(start, end);
  if (source === node.value) return at;
  return source.slice(1, -1) === node.value ? at + 1 : 0;
}
