import { isScalar, type Node, parse, Scalar, type ScalarTag, type Tags, visit } from "yaml";
import { isExact } from "../exact.ts";

/** A number as its readers agree about it: decimal, without a leading zero or an exponent. */
const PLAIN_NUMBER = /^[-+]?(?:0|[1-9]\d*)?(?:\.\d*)?$/;

/** Numbers are written as they stood: a long id would be rounded otherwise, and a leading zero lost, wherever in the text it is. */
export function asWritten(tags: Tags): Tags {
  return tags.map((tag) => (isNumeric(tag) ? { ...tag, stringify: numberText(tag) } : tag));
}

function isNumeric(tag: Tags[number]): tag is ScalarTag {
  return typeof tag === "object" && (tag.tag === "tag:yaml.org,2002:int" || tag.tag === "tag:yaml.org,2002:float");
}

function numberText({ stringify }: ScalarTag): NonNullable<ScalarTag["stringify"]> {
  return (item, ctx, ...rest) => item.source ?? stringify?.(item, ctx, ...rest) ?? String(item.value);
}

/** Quotes the texts that readers of YAML 1.1 (PyYAML, most of Go) take for something else: `off`, `12:30`, `2026-01-01`. */
export function quoteAmbiguous<N extends Node>(node: N): N {
  visit(node, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === "string" && isAmbiguous(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return node;
}

/** False for what would come back as something else: a tag, a text that some readers take for a number, a rounded number. */
export function isRestorable(node: Node): boolean {
  let restorable = true;
  visit(node, {
    Node(key, one) {
      const isKept = one.tag === undefined && (!isScalar(one) || isScalarKept(one, key === "key"));
      if (!isKept) restorable = false;
    },
  });
  return restorable;
}

function isScalarKept({ type, source = "", value }: Scalar, isKey: boolean): boolean {
  if (isKey && typeof value !== "string") return false;
  if (type !== Scalar.PLAIN) return true;
  if (typeof value !== "number") return typeof value !== "string" || !isAmbiguous(source);
  return (PLAIN_NUMBER.test(source) && isExact(source)) || source === JSON.stringify(value);
}

/** True for a text that YAML 1.1 reads as a number, a date, true or false. */
function isAmbiguous(text: string): boolean {
  try {
    const read: unknown = parse(text, { version: "1.1", logLevel: "silent" });
    return ["number", "boolean"].includes(typeof read) || read instanceof Date;
  } catch {
    return false;
  }
}
