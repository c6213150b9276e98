import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from "yaml";
import type { Fault } from "../errors.ts";

/** Files of ours are small; a larger one is a mistake. */
const MAX_BYTES = 256 * 1024;

/** A parsed file whose values can be traced back to their place. */
export type YamlFile = {
  value: unknown;
  /** Line and column (from 1) of the value at a path, or of the nearest parent that exists; `key` points at that key of it. */
  locate(path: readonly PropertyKey[], key?: string): { line: number; column: number };
};

export type YamlRead = { ok: true; file: YamlFile } | { ok: false; faults: readonly Fault[] };

/**
 * Reads one YAML document strictly: YAML 1.2 core schema, no anchors, aliases, tags or merge keys, no duplicate keys, at most
 * 256 KiB. Every fault carries file, line and column.
 */
export function readYaml(text: string, name: string): YamlRead {
  if (Buffer.byteLength(text) > MAX_BYTES)
    return { ok: false, faults: [{ file: name, message: `the file is larger than ${MAX_BYTES / 1024} KiB` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    strict: true,
    uniqueKeys: true,
    version: "1.2",
    schema: "core",
    merge: false,
  });
  const syntax = [...document.errors, ...document.warnings].map((error) =>
    faultAt(lines, name, error.pos[0], firstLine(error.message)),
  );
  const faults = [...syntax, ...indirections(document, lines, name)];
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    file: { value: document.toJS() ?? {}, locate: (path, key) => locate(document, lines, path, key) },
  };
}

function indirections(document: Document<ParsedNode>, lines: LineCounter, name: string): readonly Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Node(_key, node) {
      const at = node.range?.[0] ?? 0;
      if (isAlias(node)) faults.push(faultAt(lines, name, at, "aliases are not allowed; write the value out"));
      else if (node.anchor !== undefined)
        faults.push(faultAt(lines, name, at, "anchors are not allowed; write the value out"));
      else if (node.tag?.startsWith("!")) faults.push(faultAt(lines, name, at, `the tag ${node.tag} is not allowed`));
    },
  });
  return faults;
}

function faultAt(lines: LineCounter, file: string, offset: number, message: string): Fault {
  const { line, col } = lines.linePos(offset);
  return { file, line, column: col, message };
}

function locate(
  document: Document<ParsedNode>,
  lines: LineCounter,
  path: readonly PropertyKey[],
  key?: string,
): { line: number; column: number } {
  const node = nearest(document, path);
  const at = (key === undefined ? undefined : keyNode(node, key))?.range?.[0] ?? node?.range?.[0] ?? 0;
  const { line, col } = lines.linePos(at);
  return { line, column: col };
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

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/ at line \d+, column \d+:?$/, "");
}
