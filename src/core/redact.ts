import { isPlainObject } from "./json.ts";

const SECRET_KEY = /pass(word|wd)?$|secret|token$|api[-_]?key|authorization|credential|private[-_]?key|^cookie$|dsn$/i;
const SECRET_TEXT = [
  /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g,
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeprs]-[A-Za-z0-9-]{8,}/g,
  /\bxapp-[A-Za-z0-9-]{8,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  /(?<=:\/\/[^\s/:@]{0,64}:)[^\s/@]{1,256}(?=@)/g,
];

/** What stands in place of a secret. */
export const REDACTED = "[redacted]";

/** Text with known shapes of credentials replaced. */
export function redactText(text: string): string {
  return SECRET_TEXT.reduce((rest, pattern) => rest.replace(pattern, REDACTED), text);
}

/** A deep copy with secrets replaced, by the name of the key and by the shape of the text. */
export function redact<T>(value: T): T {
  return redactValue(value, 0) as T;
}

function redactValue(value: unknown, depth: number): unknown {
  if (depth > 20) return REDACTED;
  if (typeof value === "string") return redactText(value);
  if (Array.isArray(value)) return value.map((inner: unknown) => redactValue(inner, depth + 1));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isSecret(key, inner) ? REDACTED : redactValue(inner, depth + 1)]),
  );
}

function isSecret(key: string, value: unknown): boolean {
  return typeof value === "string" && value !== "" && SECRET_KEY.test(key);
}
