import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type Scalar,
} from "yaml";
import type { Fault } from "../errors.ts";
import { foreignParts } from "./foreign.ts";
import { syntaxFaults } from "./syntax.ts";

/** Files of ours are small; a larger one is a mistake. */
const MAX_BYTES = 256 * 1024;
/** Maps and lists within each other. */
const DEEPEST = 40;

/** What bytes become that are not UTF-8; a value with one would be another than was meant. */
const UNREAD = "this character cannot be read; save the file as UTF-8";

/** Line and column, both from 1. */
export type TextPlace = { line: number; column: number };

/** A parsed file whose values can be traced back to their place. */
export type YamlFile = {
  value: unknown;
  /** The place of the value at a path, or of the nearest parent that exists; `key` points at that key of it. */
  locate(path: readonly PropertyKey[], key?: string): TextPlace;
  /** The place of a character of the text at a path, as far as quoting lets one count; `at` is from 0. */
  locateText(path: readonly PropertyKey[], at: number): TextPlace;
};

export type YamlRead = { ok: true; file: YamlFile } | { ok: false; faults: readonly Fault[] };

/**
 * Reads one YAML document strictly as plain JSON: YAML 1.2 core schema, no anchors, aliases, tags or merge keys, keys are text and
 * not repeated, at most 256 KiB and 40 levels. Every fault carries file, line and column.
 */
export function readYaml(text: string, name: string): YamlRead {
  if (Buffer.byteLength(text) > MAX_BYTES) return refused(name, `the file is larger than ${MAX_BYTES / 1024} KiB`);
  if (bracketDepth(text) > DEEPEST * 10) return refused(name, `it is nested more than ${DEEPEST} levels deep`);
  const unread = text.indexOf("\ufffd");
  if (unread >= 0) return refused(name, UNREAD, placeWithin(text, unread));
  const lines = new LineCounter();
  const options = {
    lineCounter: lines,
    strict: true,
    uniqueKeys: true,
    version: "1.2",
    schema: "core",
    merge: false,
  } as const;
  const document = parseDocument(text, options);
  const syntax = [...document.errors, ...document.warnings].filter(({ code }) => code !== "TAG_RESOLVE_FAILED");
  const found = [...syntaxFaults(syntax, text), ...foreignParts(document.contents, DEEPEST)];
  if (found.length > 0)
    return { ok: false, faults: found.map(({ message, at }) => ({ file: name, ...placeOf(lines, at), message })) };
  return { ok: true, file: fileOf(document, lines, text) };
}

function refused(file: string, message: string, place?: TextPlace): YamlRead {
  return { ok: false, faults: [{ file, ...place, message }] };
}

function placeWithin(text: string, at: number): TextPlace {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
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

function placeOf(lines: LineCounter, offset: number): TextPlace {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function fileOf(document: Document<ParsedNode>, lines: LineCounter, text: string): YamlFile {
  return {
    value: document.toJS() ?? {},
    locate(path, key) {
      const node = nearest(document, path);
      return placeOf(lines, offsetOf((key === undefined ? undefined : keyNode(node, key)) ?? node));
    },
    locateText(path, at) {
      const node = nearest(document, path);
      return placeOf(lines, offsetOf(node) + (isScalar(node) ? offsetWithin(node, text, at) : 0));
    },
  };
}

function offsetOf(node: Node | undefined): number {
  return node?.range?.[0] ?? 0;
}

function nearest(document: Document<ParsedNode>, path: readonly PropertyKey[]): Node | undefined {
  for (let length = path.length; length > 0; length--) {
    const found: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(found)) return found;
  }
  return document.contents ?? undefined;
}

function keyNode(node: Node | undefined, key: string): Node | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return isNode(pair?.key) ? pair.key : undefined;
}

/** Characters of a scalar are counted only where its source is its text, with or without quotes. */
function offsetWithin(node: Scalar, text: string, at: number): number {
  const [start, end] = node.range ?? [0, 0];
  const source = text.slice(start, end);
  if (at === 0 || source === node.value) return at;
  return source.slice(1, -1) === node.value ? at + 1 : 0;
}
