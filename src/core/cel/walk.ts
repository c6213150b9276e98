import type { ASTNode } from "@marcbachmann/cel-js";

const LOOPS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** A comprehension macro: `over.name(variable, ...bodies)`. */
export type Loop = { over: ASTNode; variable: string; bodies: readonly ASTNode[] };

/** The loop that this node is, as far as its form tells: cel-js expands it at parse time and keeps the call. */
export function loopOf(node: ASTNode): Loop | undefined {
  if (node.op !== "rcall" || !LOOPS.has(node.args[0])) return undefined;
  const [variable, ...bodies] = node.args[2];
  if (variable?.op !== "id" || bodies.length === 0) return undefined;
  return { over: node.args[1], variable: variable.args, bodies };
}

/** The nodes directly below this one, in the order of the text. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case "value":
    case "id":
      return [];
    case ".":
    case ".?":
      return [node.args[0]];
    case "call":
      return node.args[1];
    case "rcall":
      return [node.args[1], ...node.args[2]];
    case "map":
      return node.args.flat();
    case "!_":
    case "-_":
      return [node.args];
    default:
      return node.args;
  }
}

/** One step of a chain of accesses by name; `at` is where the name stands. */
export type Segment = { name: string; at: number };

/** `facts.cpu`, `steps["probe"].output` as names from the root on; undefined where something is not named by a literal. */
export function pathOf(node: ASTNode): readonly Segment[] | undefined {
  if (node.op === "id") return [{ name: node.args, at: node.range.start }];
  const own = accessOf(node);
  if (own === undefined) return undefined;
  const before = pathOf(own.object);
  return before && [...before, { name: own.name, at: node.pos }];
}

function accessOf(node: ASTNode): { object: ASTNode; name: string } | undefined {
  if (node.op === "." || node.op === ".?") return { object: node.args[0], name: node.args[1] };
  if (node.op !== "[]" && node.op !== "[?]") return undefined;
  const [object, index] = node.args;
  return index.op === "value" && typeof index.args === "string" ? { object, name: index.args } : undefined;
}
