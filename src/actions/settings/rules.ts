import type { ActionFailure } from "../../core/action.ts";
import type { SettingRule, SettingRules } from "../../core/connection.ts";
import { isExact } from "../exact.ts";
import { failure } from "../failure.ts";
import type { SettingValue } from "../inputs.ts";

/** The rule of a listed setting; undefined for a name that is not listed, inherited members included. */
export function ruleOf(rules: SettingRules, name: string): SettingRule | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

/** Why a value must not be written, in words; undefined when it may. null, the absence of a setting, may be restored. */
export function faultOf(rule: SettingRule, value: SettingValue): string | undefined {
  if (value === null) return undefined;
  switch (rule.type) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "it takes true or false";
    case "number":
      return numberFault(rule, value);
    case "string":
      if (typeof value !== "string") return "it takes a text";
      return rule.oneOf && !rule.oneOf.includes(value) ? `it takes one of ${rule.oneOf.join(", ")}` : undefined;
    default:
      return rule satisfies never;
  }
}

function numberFault(rule: Extract<SettingRule, { type: "number" }>, value: SettingValue): string | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return "it takes a number";
  if (rule.min !== undefined && value < rule.min) return `it must be at least ${rule.min}`;
  return rule.max !== undefined && value > rule.max ? `it must be at most ${rule.max}` : undefined;
}

/** Without what would be restored in another way: hexadecimal, a leading zero. */
const DECIMAL = /^[-+]?(?=\.?\d)(?:0|[1-9]\d*)?(?:\.\d*)?(?:e[-+]?\d+)?$/i;

/** The longest text that a setting may have. */
const TEXT_LIMIT = 1_024;

/** Text from a store without types, read by the rule's type; null where there is none. `act` opens the message of a failure. */
export function readText(
  rule: SettingRule,
  text: string | null,
  act: string,
): { ok: true; value: SettingValue } | ActionFailure {
  const value = text === null ? null : fromText(rule, text);
  return value === undefined
    ? failure("bad_response", `${act}: its value does not read as a ${rule.type}`)
    : { ok: true, value };
}

/** A value as a store without types holds it; null stands for its absence. */
export function toText(value: SettingValue): string | null {
  return value === null ? null : `${value}`;
}

function fromText(rule: SettingRule, text: string): SettingValue | undefined {
  if (text.length > TEXT_LIMIT) return undefined;
  switch (rule.type) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "number":
      return DECIMAL.test(text.trim()) && isExact(text.trim()) ? Number(text) : undefined;
    case "string":
      return text;
    default:
      return rule satisfies never;
  }
}
