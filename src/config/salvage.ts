import { isPlainObject } from "../core/json.ts";
import { StanchYaml } from "./schema.ts";

/**
 * What can be read of a faulty configuration, section by section, so that a fault of one does not hide those of others. A broken
 * section has its defaults.
 */
export function salvage(value: unknown): { yaml: StanchYaml; broken: ReadonlySet<string> } {
  const given = isPlainObject(value) ? value : {};
  const broken = new Set<string>();
  const sections: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(StanchYaml.shape)) {
    if (!Object.hasOwn(given, name)) continue;
    if (schema.safeParse(given[name]).success) sections[name] = given[name];
    else broken.add(name);
  }
  return { yaml: StanchYaml.parse({ ...sections, version: 1 }), broken };
}
