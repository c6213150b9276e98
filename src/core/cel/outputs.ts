import { z } from "zod";
import { isPlainObject } from "../json.ts";
import type { CelType, Outputs } from "./names.ts";

/** The fields of an action's output with their CEL types, from its schema; undefined when it is not an object's. */
export function outputsOf(schema: z.ZodType): Outputs | undefined {
  const json: unknown = z.toJSONSchema(schema, { io: "output", unrepresentable: "any" });
  if (!isPlainObject(json) || !isPlainObject(json["properties"])) return undefined;
  const fields = Object.entries(json["properties"]).map(([name, field]) => [name, celTypeOf(field)] as const);
  const words = Object.entries(json["properties"]).flatMap(([name, field]) => wordsOf(name, field));
  return { fields: new Map(fields), open: json["additionalProperties"] !== false, words: new Map(words) };
}

function wordsOf(name: string, field: unknown): readonly (readonly [string, readonly string[]])[] {
  const listed: unknown = isPlainObject(field) ? field["enum"] : undefined;
  return Array.isArray(listed) ? [[name, listed.filter((word) => typeof word === "string")]] : [];
}

const SIMPLE: Readonly<Record<string, CelType>> = {
  number: "double",
  integer: "double",
  string: "string",
  boolean: "bool",
  object: "map<string, dyn>",
};

/** Null is left out: what is null is unknown when it is read. What can be several things is `dyn`. */
function celTypeOf(schema: unknown): CelType {
  if (!isPlainObject(schema)) return "dyn";
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) return commonType(choices.filter((one) => !isNull(one)).map(celTypeOf));
  const type = singleType(schema["type"]);
  if (type === "array") return listType(celTypeOf(schema["items"]));
  return typeof type === "string" && Object.hasOwn(SIMPLE, type) ? (SIMPLE[type] ?? "dyn") : "dyn";
}

function singleType(type: unknown): unknown {
  const types = Array.isArray(type) ? type.filter((one) => one !== "null") : [type];
  return types.length === 1 ? types[0] : undefined;
}

function isNull(schema: unknown): boolean {
  return isPlainObject(schema) && schema["type"] === "null";
}

function commonType(types: readonly CelType[]): CelType {
  const [first = "dyn", ...others] = types;
  return others.every((type) => type === first) ? first : "dyn";
}

function listType(item: CelType): CelType {
  return item === "double" || item === "string" ? `list<${item}>` : "list<dyn>";
}
