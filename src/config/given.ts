import { isPlainObject } from "../core/json.ts";

/** Looks a name up in the configuration as it was written: a name whose value has a fault is no unknown name. */
export type Given = {
  /** The names at a place: keys of a map, or the `name` of each entry of a list. */
  names(...path: readonly string[]): readonly string[];
};

/** The names that the file gives, whether or not what they name is right. */
export function givenNames(value: unknown): Given {
  return {
    names(...path) {
      const found = path.reduce<unknown>((at, key) => (isPlainObject(at) ? at[key] : undefined), value);
      if (isPlainObject(found)) return Object.keys(found);
      if (!Array.isArray(found)) return [];
      return found.map((entry: unknown) => (isPlainObject(entry) ? String(entry["name"]) : ""));
    },
  };
}
