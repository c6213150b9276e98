import { z } from "zod";
import { isPlainObject } from "../json.ts";

type Path = readonly PropertyKey[];

/** The keys that a schema knows at a place, as far as it names them; of alternatives those of all. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  const json: unknown = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
  const found = path.reduce<readonly unknown[]>((nodes, part) => nodes.flatMap((node) => below(node, part)), [json]);
  return [...new Set(found.flatMap(alternatives).flatMap((node) => Object.keys(propertiesOf(node))))];
}

function below(node: unknown, part: PropertyKey): readonly unknown[] {
  return alternatives(node).flatMap((one) => {
    const { items, additionalProperties } = one;
    if (typeof part === "number") return items === undefined ? [] : [items];
    const own = propertiesOf(one)[String(part)];
    return own === undefined ? [additionalProperties] : [own];
  });
}

function alternatives(node: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isPlainObject(node)) return [];
  const parts = ["anyOf", "oneOf", "allOf"].flatMap((key) => (Array.isArray(node[key]) ? node[key] : []));
  return [node, ...parts.flatMap(alternatives)];
}

function propertiesOf({ properties }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isPlainObject(properties) ? properties : {};
}
