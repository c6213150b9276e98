import type { ConnectionKind } from "../connection.ts";
import type { Fault } from "../errors.ts";
import { isPlainObject } from "../json.ts";
import { suggestion } from "../near.ts";
import type { YamlFile } from "./read-yaml.ts";
import { pathText } from "./schema-faults.ts";

type Path = readonly (string | number)[];

/** Keys (`grammar.key`) whose behaviour does not exist (section 14.10). */
export type NotYet = ReadonlySet<string>;

/** The file that is read, the name it has in faults, and its faults in the order in which they were found. */
export type Sink = {
  file: YamlFile;
  name: string;
  faults: Fault[];
  notYet: NotYet;
  /** What keeps it from running with this configuration, without being wrong in itself. */
  findings?: (Fault & { blocks: boolean; lacks?: ConnectionKind })[];
  /** What can be read and can do no good. Absent where a text that is in use already is read again: it goes on as it is. */
  slips?: Fault[];
};

/** A value of the document, its place, and where its faults go. */
export type Node = { value: unknown; path: Path; sink: Sink };

/** Reads a node to a trusted value, or notes the fault and gives undefined. */
export type Reader<T> = (node: Node) => T | undefined;

/** A grammar of one map: its name in faults, and its keys. */
export type Grammar = { name: string; keys: readonly string[] };

/** A map whose keys have been checked. */
export type MapNode = {
  node: Node;
  has(key: string): boolean;
  /** Undefined when it is absent or has a fault. */
  optional<T>(key: string, read: Reader<T>): T | undefined;
  /** As `optional`, with a value for absence; what has a fault gives it too, so that reading goes on. */
  withDefault<T>(key: string, read: Reader<T>, value: T): T;
  /** Absence is a fault. */
  required<T>(key: string, read: Reader<T>): T | undefined;
};

/** The whole document. */
export function rootNode(sink: Sink): Node {
  return { value: sink.file.value, path: [], sink };
}

/** A part of this node's value. */
export function childNode(node: Node, segment: string | number, value: unknown): Node {
  return { value, path: [...node.path, segment], sink: node.sink };
}

/** Notes a fault at the node; `at` counts characters into its text. Gives undefined, so that readers can return it. */
export function fault(node: Node, message: string, at = 0): undefined {
  node.sink.faults.push(placed(node, message, at));
}

/** Notes what is wrong with a value that can be read all the same; files with such a slip are refused. */
export function slip(node: Node, message: string, at = 0): void {
  node.sink.slips?.push(placed(node, message, at));
}

/** The fault at the node, without noting it. */
export function placed({ path, sink: { file, name } }: Node, message: string, at = 0): Fault {
  return { file: name, ...file.locateText(path, at), path: pathText(path), message };
}

/** Notes a fault of one key of the map at the node. */
export function keyFault(node: Node, key: string, message: string): void {
  const { file, name, faults } = node.sink;
  faults.push({ file: name, ...file.locate(node.path, key), path: pathText([...node.path, key]), message });
}

/** Checks that the node is a map with known keys only; every foreign key is a fault of its own. */
export function readMap(node: Node, { name, keys }: Grammar): MapNode | undefined {
  const { value } = node;
  if (!isPlainObject(value)) return fault(node, `${name} is a map of keys, not ${kindOf(value)}`);
  for (const key of Object.keys(value)) {
    if (node.sink.notYet.has(`${name}.${key}`)) keyFault(node, key, `${key} of ${name}: not implemented yet`);
    else if (!keys.includes(key)) keyFault(node, key, `unknown key ${key} of ${name}${suggestion(key, keys)}`);
  }
  return mapNode(node, value, name);
}

function mapNode(node: Node, value: Readonly<Record<string, unknown>>, name: string): MapNode {
  const has = (key: string) => Object.hasOwn(value, key) && value[key] !== undefined;
  const optional = <T>(key: string, read: Reader<T>): T | undefined =>
    has(key) ? read(childNode(node, key, value[key])) : undefined;
  return {
    node,
    has,
    optional,
    withDefault: (key, read, fallback) => optional(key, read) ?? fallback,
    required: (key, read) => (has(key) ? optional(key, read) : fault(node, `${name} needs ${key}`)),
  };
}

/** For faults: `a list`, `the number 3`, `nothing`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `the text ${JSON.stringify(value.slice(0, 40))}` : `${String(value)}`;
}
