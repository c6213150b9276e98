import { parseDuration } from "../duration.ts";
import { AppError } from "../errors.ts";
import { isPlainObject } from "../json.ts";
import { parseMatcher } from "../matcher.ts";
import type { Matcher } from "../playbook/playbook.ts";
import type { Milliseconds } from "../time.ts";
import { childNode, fault, kindOf, type Reader } from "./node.ts";

/** Text that is not empty, on as many lines as it likes. */
export const text: Reader<string> = (node) => {
  if (typeof node.value !== "string")
    return fault(node, `it is ${kindOf(node.value)}; write text, in quotes if need be`);
  return node.value.trim() === "" ? fault(node, "it is empty") : node.value;
};

/** Text of this form; `form` says in words what is wanted. */
export function textLike(pattern: RegExp, form: string): Reader<string> {
  return (node) => {
    const value = text(node);
    if (value === undefined) return undefined;
    return pattern.test(value) ? value : fault(node, `${kindOf(value)} is not ${form}`);
  };
}

/** `true` or `false`, not the text of it. */
export const boolean: Reader<boolean> = (node) =>
  typeof node.value === "boolean" ? node.value : fault(node, `it is ${kindOf(node.value)}; write true or false`);

/** A finite number within limits, both included. */
export function number(min: number, max = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (node) => {
    const { value } = node;
    if (typeof value !== "number" || !Number.isFinite(value))
      return fault(node, `it is ${kindOf(value)}; write a number`);
    if (value >= min && value <= max) return value;
    return fault(
      node,
      max === Number.MAX_SAFE_INTEGER ? `it must be at least ${min}` : `it must be from ${min} to ${max}`,
    );
  };
}

/** A whole number within limits, both included. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Reader<number> {
  const read = number(min, max);
  return (node) => {
    const value = read(node);
    return value === undefined || Number.isInteger(value) ? value : fault(node, "it must be a whole number");
  };
}

/** One of these words; the fault lists them. */
export function oneOf<T extends string>(choices: readonly T[]): Reader<T> {
  return (node) => {
    const found = choices.find((choice) => choice === node.value);
    if (found !== undefined) return found;
    return fault(node, `it is ${kindOf(node.value)}; write one of ${choices.join(", ")}`);
  };
}

/** Turns what a parser of the core refuses into a fault at the node. */
function parsed<T>(parse: (value: string) => T): Reader<T> {
  return (node) => {
    const value = text(node);
    if (value === undefined) return undefined;
    try {
      return parse(value);
    } catch (error) {
      if (error instanceof AppError) return fault(node, error.message);
      throw error;
    }
  };
}

/** One Alertmanager matcher, compiled. */
export const matcher: Reader<Matcher> = parsed(parseMatcher);

/** A length of time, at least `min`; `0` is allowed where `min` is. */
export function duration(min: Milliseconds = 0, least = ""): Reader<Milliseconds> {
  const read = parsed(parseDuration);
  return (node) => {
    if (typeof node.value === "number" && node.value !== 0)
      return fault(node, `it is ${node.value}; write it with a unit, like 90s or 1h30m`);
    const value = node.value === 0 ? 0 : read(node);
    return value === undefined || value >= min ? value : fault(node, `it must be at least ${least}`);
  };
}

/** A list; faults of one item hide none of the others, and faulty items are left out. */
export function listOf<T>(read: Reader<T>, least = 0): Reader<readonly T[]> {
  return (node) => {
    if (!Array.isArray(node.value)) return fault(node, `it is ${kindOf(node.value)}; write a list`);
    if (node.value.length < least) return fault(node, "it is empty");
    return node.value.flatMap((item: unknown, index) => {
      const value = read(childNode(node, index, item));
      return value === undefined ? [] : [value];
    });
  };
}

/** A map with keys of one's own choice; `name` says what keys must look like. */
export function mapOf<T>(read: Reader<T>, key: { pattern: RegExp; form: string }): Reader<Readonly<Record<string, T>>> {
  return (node) => {
    if (!isPlainObject(node.value)) return fault(node, `it is ${kindOf(node.value)}; write a map`);
    const rows = Object.entries(node.value).flatMap(([name, item]) => {
      const child = childNode(node, name, item);
      if (!key.pattern.test(name)) fault(child, `the key ${JSON.stringify(name)} is not ${key.form}`);
      const value = read(child);
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(rows);
  };
}
