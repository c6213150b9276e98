import { isAlias, isNode, isPair, isScalar, type Node, visit } from "yaml";

type Found = { message: string; at: number };

/** What plain JSON has not: such parts could make a file mean something else than it shows. */
export function foreignParts(contents: Node | null, deepest: number): readonly Found[] {
  const found: Found[] = [];
  visit(contents, (key, node, parents) => {
    const tooDeep = parents.filter((parent) => !isPair(parent)).length > deepest;
    const message = tooDeep ? `it is nested more than ${deepest} levels deep` : foreign(key, node);
    if (message) found.push({ message, at: isNode(node) ? (node.range?.[0] ?? 0) : 0 });
    return tooDeep ? visit.BREAK : undefined;
  });
  return found;
}

function foreign(key: number | "key" | "value" | null, node: unknown): string | undefined {
  if (isAlias(node)) return "aliases are not allowed; write the value out";
  if (!isNode(node)) return undefined;
  if ("anchor" in node && node.anchor !== undefined) return "anchors are not allowed; write the value out";
  if (key === "key") return foreignKey(node);
  const number = isScalar(node) && typeof node.value === "number" ? foreignNumber(node.value, node.source) : undefined;
  return number ?? (node.tag === undefined ? undefined : `the tag ${node.tag} is not allowed`);
}

/** A number that is silently another one than the file shows. */
function foreignNumber(value: number, source = ""): string | undefined {
  if (!Number.isFinite(value)) return "a number must be finite";
  const isWritten = /^(?:[-+]?\d+|0[xo][\da-fA-F]+)$/.test(source);
  return isWritten && !Number.isSafeInteger(value)
    ? `${source} is too large to be kept exactly; write it as text, in quotes`
    : undefined;
}

function foreignKey(node: Node): string | undefined {
  if (!isScalar(node) || typeof node.value !== "string") return "a key must be text; put it in quotes";
  return node.value === "<<" ? "merge keys are not allowed; write the value out" : undefined;
}
