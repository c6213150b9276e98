import type { ExpressionCompiler } from "../expression.ts";
import { isPlainObject } from "../json.ts";
import { suggestion } from "../near.ts";
import { compileTemplate } from "../template.ts";
import { mapTemplate } from "../typed-template.ts";
import { childNode, fault, kindOf, type Node, readMap } from "../yaml/node.ts";
import { listOf, number } from "../yaml/readers.ts";
import { type Bound, type Bounds, probesOf, type Scalar, withoutBounded } from "./bounds.ts";
import type { CatalogAction } from "./catalog.ts";
import { fixedEffect } from "./catalog.ts";
import { GRAMMARS } from "./grammar.ts";
import { inputNames } from "./input-names.ts";
import type { ActionStep } from "./playbook.ts";
import { checkInput, hasExpression } from "./static-input.ts";

/** The step around `bounded-by`: its action and the raw map under `with`. */
type Bounded = { uses: string; action: CatalogAction; given: unknown; compiler: ExpressionCompiler };

/** Bounds of inputs that are expressions: names and values are checked against the action's schema. */
export function readBounds(node: Node, step: Bounded): ActionStep["boundedBy"] {
  const { value } = node;
  const { uses, action, compiler } = step;
  if (!isPlainObject(value) || Object.keys(value).length === 0)
    return fault(node, `it is ${kindOf(value)}; write a map of inputs and their bounds`);
  if (fixedEffect(action) === "read") return fault(node, `${uses} only reads, so nobody is asked about its input`);
  const given = isPlainObject(step.given) ? step.given : {};
  const rows = Object.entries(value).flatMap(([name, raw]) => {
    const bound = readInput(childNode(node, name, raw), name, { ...step, given });
    return bound ? [[name, bound] as const] : [];
  });
  const bounds: Bounds = Object.fromEntries(rows);
  const rest = compileTemplate(withoutBounded(given, bounds), compiler);
  return rest.ok ? { bounds, rest: mapTemplate(rest.value) } : undefined;
}

type Given = Bounded & { given: Readonly<Record<string, unknown>> };

function readInput(node: Node, name: string, step: Given): Bound | undefined {
  const { uses, action, given } = step;
  const names = inputNames(action.input);
  if (names.length > 0 && !names.includes(name))
    return fault(node, `${uses} takes no ${name}${suggestion(name, names)}`);
  if (!Object.hasOwn(given, name)) return fault(node, `with has no ${name}, so there is nothing to bound`);
  if (!hasExpression(given[name])) return fault(node, `${name} is written out in with, so it is known beforehand`);
  const bound = readBound(node);
  for (const probe of bound ? probesOf(bound) : []) checkProbe(node, { name, probe }, step);
  return bound;
}

function readBound(node: Node): Bound | undefined {
  const map = readMap(node, GRAMMARS.bound);
  if (!map) return undefined;
  const [ranged, listed] = [map.has("min") || map.has("max"), map.has("one-of")];
  const isEmpty = Object.keys(node.value ?? {}).length === 0;
  if (ranged ? listed : isEmpty) return fault(node, "a bound has either min and max or one-of");
  if (!ranged) {
    const oneOf = map.optional("one-of", listOf(scalar, 1));
    return oneOf && { oneOf };
  }
  const limit = number(-Number.MAX_SAFE_INTEGER);
  const [min, max] = [map.optional("min", limit), map.optional("max", limit)];
  if (min !== undefined && max !== undefined && min > max) return fault(node, `min ${min} is above max ${max}`);
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

/** Bounds are written out: people agree to them as they stand. */
function scalar(node: Node): Scalar | undefined {
  const { value } = node;
  if (hasExpression(value)) return fault(node, "a bound is written out; it cannot be an expression");
  if (typeof value === "string" || typeof value === "boolean") return value;
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : fault(node, `it is ${kindOf(value)}; write text, a number, true or false`);
}

/** A bound that the action would refuse is a fault now rather than in the night. */
function checkProbe(
  node: Node,
  { name, probe }: { name: string; probe: Scalar },
  { uses, action, given }: Given,
): void {
  const faults: Node["sink"]["faults"] = [];
  const tried: Node = { value: { ...given, [name]: probe }, path: [], sink: { ...node.sink, faults } };
  checkInput(tried, uses, action);
  const [found] = faults.filter(({ path }) => path === name || path?.startsWith(`${name}.`));
  if (found) fault(node, `${JSON.stringify(probe)} does not fit: ${found.message}`);
}
