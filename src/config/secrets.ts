import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isPlainObject } from "../core/json.ts";

/** A reference that could not be filled in; the message names the variable or file, never a value. */
export type SecretFault = { path: readonly PropertyKey[]; message: string };

type Sources = { environment: Readonly<Record<string, string | undefined>>; file: string };

const REFERENCE = /\$\{(env|file):([^}]+)\}/g;

/** The value with `${env:NAME}` and `${file:PATH}` filled in; paths are relative to the file that names them. */
export function fillSecrets(value: unknown, sources: Sources): { value: unknown; faults: readonly SecretFault[] } {
  const faults: SecretFault[] = [];
  return { value: fill(value, [], sources, faults), faults };
}

function fill(value: unknown, path: readonly PropertyKey[], sources: Sources, faults: SecretFault[]): unknown {
  if (typeof value === "string") return fillText(value, path, sources, faults);
  if (Array.isArray(value)) return value.map((inner: unknown, index) => fill(inner, [...path, index], sources, faults));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key], sources, faults)]),
  );
}

function fillText(text: string, path: readonly PropertyKey[], sources: Sources, faults: SecretFault[]): string {
  return text.replace(REFERENCE, (whole, kind: string, name: string) => {
    const found = kind === "env" ? sources.environment[name] : readSecretFile(resolve(dirname(sources.file), name));
    if (found !== undefined && found !== "") return found;
    const message =
      kind === "env" ? `the environment variable ${name} is not set` : `the file ${name} cannot be read or is empty`;
    faults.push({ path, message });
    return whole;
  });
}

function readSecretFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch {
    return undefined;
  }
}
