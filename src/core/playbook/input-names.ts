import { z } from "zod";
import { isPlainObject } from "../json.ts";

/** The names that an action's input can have; none when its schema does not say. */
export function inputNames(schema: z.ZodType): readonly string[] {
  const json: unknown = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return [...new Set(propertiesOf(json))];
}

function propertiesOf(json: unknown): readonly string[] {
  if (!isPlainObject(json)) return [];
  const own = isPlainObject(json["properties"]) ? Object.keys(json["properties"]) : [];
  const parts = ["anyOf", "oneOf", "allOf"].flatMap((key) => (Array.isArray(json[key]) ? json[key] : []));
  return [...own, ...parts.flatMap(propertiesOf)];
}
