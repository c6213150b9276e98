import { isPlainObject } from "../core/json.ts";

/**
 * Keys of the contract, and values of keys, whose behaviour does not exist yet: loading fails and says so (design section 14.10).
 * `*` stands for any one name. A row goes when its behaviour comes. Those of playbooks stand in `core/not-implemented.ts`.
 */
export const NOT_IMPLEMENTED_KEYS: readonly string[] = [
  "connections.postgres",
  "connections.railway",
  "connections.langfuse",
  "connections.bedrock",
  "connections.cloudwatch-logs",
];

/** The places of the configuration that name something which is still to come. */
export function notImplementedIn(value: unknown): readonly (readonly string[])[] {
  return NOT_IMPLEMENTED_KEYS.flatMap((row) => {
    const [path = "", wanted] = row.split(": ");
    return placesOf(value, path.split("."), wanted);
  });
}

function placesOf(
  value: unknown,
  [first, ...rest]: readonly string[],
  wanted?: string,
): readonly (readonly string[])[] {
  if (first === undefined) return wanted === undefined || value === wanted ? [[]] : [];
  if (!isPlainObject(value)) return [];
  const keys = first === "*" ? Object.keys(value) : [first].filter((key) => Object.hasOwn(value, key));
  return keys.flatMap((key) => placesOf(value[key], rest, wanted).map((inner) => [key, ...inner]));
}
