import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isPlainObject } from "../core/json.ts";

/** A reference that could not be filled in; the message names the variable or file, never a value. */
export type SecretFault = { path: readonly PropertyKey[]; message: string };

type Sources = { environment: Readonly<Record<string, string | undefined>>; file: string };

const REFERENCE = /\$\{(env|file):([^}]+)\}/g;
/** What was meant as a reference and is none: `${NAME}`, `${ENV:NAME}`. `${{ }}` is CEL's, `${1}` is PromQL's. */
const OTHER = /\$\{(?!\{|\d+\})[^}]*\}?/;

export type Filled = {
  value: unknown;
  faults: readonly SecretFault[];
  /** What was filled in, by the reference that stands for it; to keep it out of messages. */
  secrets: ReadonlyMap<string, string>;
};

/** The value with `${env:NAME}` and `${file:PATH}` filled in; paths are relative to the file that names them. */
export function fillSecrets(value: unknown, sources: Sources): Filled {
  const secrets = new Map<string, string>();
  const faults: SecretFault[] = [];
  return { value: fill(value, [], { ...sources, secrets, faults }), faults, secrets };
}

/** What is shorter is no secret and would be replaced in the middle of words. */
const SHORTEST_SECRET = 6;

/** The message with everything that was filled in replaced by its reference. */
export function withoutSecrets(message: string, secrets: Filled["secrets"]): string {
  const long = [...secrets].filter(([, secret]) => secret.length >= SHORTEST_SECRET);
  return long.reduce((text, [reference, secret]) => text.replaceAll(secret, reference), message);
}

type Filling = Sources & { secrets: Map<string, string>; faults: SecretFault[] };

function fill(value: unknown, path: readonly PropertyKey[], filling: Filling): unknown {
  if (typeof value === "string") return fillText(value, path, filling);
  if (Array.isArray(value)) return value.map((inner: unknown, index) => fill(inner, [...path, index], filling));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key], filling)]));
}

function fillText(text: string, path: readonly PropertyKey[], filling: Filling): string {
  const { environment, file, secrets, faults } = filling;
  const [other] = OTHER.exec(text.replace(REFERENCE, "")) ?? [];
  if (other !== undefined)
    faults.push({ path, message: `${other} is not filled in; write \${env:NAME} or \${file:PATH}` });
  return text.replace(REFERENCE, (whole, kind: string, name: string) => {
    const found = kind === "env" ? environment[name] : readSecretFile(resolve(dirname(file), name));
    if (found !== undefined && found !== "") {
      secrets.set(whole, found);
      return found;
    }
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
