import { isPlainObject } from "./json.ts";
import { isReference, withoutNamed } from "./named-secret.ts";

const SECRET_KEY = /pass(word|wd)?$|secret|token$|api[-_]?key|authorization|credential|private[-_]?key|^cookie$|dsn$/i;
const SECRET_TEXT = [
  /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g,
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeprs]-[A-Za-z0-9-]{8,}/g,
  /\bxapp-[A-Za-z0-9-]{8,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /(?<=:\/\/[^\s/:@]{0,64}:)[^\s/@]{1,256}(?=@)/g,
];

/** What stands in place of a secret. */
export const REDACTED = "[redacted]";

/** What a JSON web token may stand in. */
const DOTTED = /[A-Za-z0-9_.-]{24,}/g;
const KEY_BEGINS = /-----BEGIN [A-Z ]*PRIVATE KEY-----/g;
const KEY_ENDS = /-----END [A-Z ]*PRIVATE KEY-----/g;

/** Text with known shapes of credentials replaced, and with what is named as one. Its time is linear in the text, which may come from anybody. */
export function redactText(text: string): string {
  const plain = text.includes("eyJ") ? text.replace(DOTTED, withoutTokens) : text;
  const shaped = SECRET_TEXT.reduce((rest, pattern) => rest.replace(pattern, REDACTED), withoutKeys(plain));
  return withoutNamed(shaped, REDACTED);
}

/** A token is a header and a payload; the signature may be missing, as where a text was cut. */
function withoutTokens(run: string): string {
  const parts = run.split(".");
  const kept: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const [part = "", next = ""] = [parts[at], parts[at + 1]];
    const start = part.search(/\beyJ[A-Za-z0-9_-]{10}/);
    const isToken = start >= 0 && next.length >= 10;
    kept.push(isToken ? part.slice(0, start) + REDACTED : part);
    if (isToken) at += 2;
  }
  return kept.join(".");
}

/** Private keys, each from its first line to its last; one that was cut goes on to the end. */
function withoutKeys(text: string): string {
  if (!text.includes("PRIVATE KEY-----")) return text;
  const ends = [...text.matchAll(KEY_ENDS)].map((match) => match.index + match[0].length);
  const kept: string[] = [];
  let [at, next] = [0, 0];
  for (const { index } of text.matchAll(KEY_BEGINS)) {
    if (index < at) continue;
    kept.push(text.slice(at, index), REDACTED);
    while ((ends[next] ?? text.length) <= index) next++;
    at = ends[next] ?? text.length;
  }
  return kept.length === 0 ? text : kept.join("") + text.slice(at);
}

/** The longest word that is given up so that a cut leaves no half of a secret. */
const LONGEST_WORD = 1_024;

/** The beginning of a text, at most `max` UTF-16 units and at least half of them, cut between words: half a secret is not known as one. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const least = Math.max(Math.floor(max / 2), max - LONGEST_WORD);
  let end = max;
  while (end > least && !/\s/.test(text.charAt(end))) end--;
  return text.slice(0, end);
}

/** Strings that would be cut to less than this are left out: what is left could be half a secret. */
const LEAST_CUT = 4 * LONGEST_WORD;

/**
 * What comes first in a JSON value, about `size` characters of it with secrets replaced: of a value that is too large to be kept, only
 * what is shown is looked at.
 */
export function redactHead<T>(value: T, size: number): T {
  return redact(headOf(value, { left: size }, 0)) as T;
}

function headOf(value: unknown, budget: { left: number }, depth: number): unknown {
  if (typeof value === "string") return headText(value, budget);
  budget.left -= 8;
  if (depth > 20 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return headList(value, budget, depth);
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (budget.left <= 0) break;
    budget.left -= key.length;
    entries.push([key, headOf((value as Record<string, unknown>)[key], budget, depth + 1)]);
  }
  return Object.fromEntries(entries);
}

function headText(text: string, budget: { left: number }): string {
  const { left } = budget;
  budget.left -= Math.min(text.length, Math.max(left, 0));
  if (text.length <= left) return text;
  return left < LEAST_CUT ? "" : cutText(text, left);
}

function headList(list: readonly unknown[], budget: { left: number }, depth: number): readonly unknown[] {
  const head: unknown[] = [];
  for (const one of list) {
    if (budget.left <= 0) break;
    head.push(headOf(one, budget, depth + 1));
  }
  return head;
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
  return typeof value === "string" && value !== "" && SECRET_KEY.test(key) && !isReference(value);
}

/** Why this input of a changing call must not be written: a credential was left out of it when it was kept. Undefined: nothing is missing. */
export function lostFrom(input: Readonly<Record<string, unknown>>): string | undefined {
  const key = Object.keys(input).find((one) => holdsRedacted(input[one], 0));
  if (key === undefined) return undefined;
  return `${key} holds "${REDACTED}": what looks like a credential is not kept, so it cannot be written`;
}

function holdsRedacted(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.includes(REDACTED);
  if (typeof value !== "object" || value === null || depth > 20) return false;
  return Object.values(value).some((inner) => holdsRedacted(inner, depth + 1));
}
