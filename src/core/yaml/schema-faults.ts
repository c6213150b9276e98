import type { z } from "zod";
import type { Fault } from "../errors.ts";
import { issueText } from "../issue.ts";
import { suggestion } from "../near.ts";
import type { YamlFile } from "./read-yaml.ts";
import { keysAt } from "./schema-keys.ts";

/** What was read: the file, its name in faults, and the schema that it has to fit. */
export type Checked = { file: YamlFile; name: string; schema: z.ZodType };

/** A schema's findings as faults with file, line, column and the path as people write it (`steps[2].with`). */
export function schemaFaults(error: z.ZodError, checked: Checked): readonly Fault[] {
  return error.issues.flatMap((issue) => issueFaults(issue, checked));
}

/** One fault at a path of the file. */
export function faultAtPath(file: YamlFile, name: string, path: readonly PropertyKey[], message: string): Fault {
  return { file: name, ...file.locate(path), path: pathText(path), message };
}

function issueFaults(issue: z.core.$ZodIssue, checked: Checked): readonly Fault[] {
  const { file, name } = checked;
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(checked.schema, issue.path);
    return issue.keys.map((key) => ({
      file: name,
      ...file.locate(issue.path, key),
      path: pathText([...issue.path, key]),
      message: `unknown key${suggestion(key, known)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    const place = file.locate(issue.path.slice(0, -1), String(issue.path.at(-1)));
    return [{ file: name, ...place, path: pathText(issue.path), message: issue.issues[0]?.message ?? issue.message }];
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const closest = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
    if (closest.some((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys")) {
      return closest.flatMap((inner) => issueFaults({ ...inner, path: [...issue.path, ...inner.path] }, checked));
    }
  }
  return [faultAtPath(file, name, issue.path, issueText(issue))];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

/** `steps[2].with.cluster`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`),
    "",
  );
}
