import type { SettingRule, SettingRules } from "../../core/connection.ts";
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

/** Text from a store without types, read by the rule's type; undefined when it does not fit. */
export function fromText(rule: SettingRule, text: string): SettingValue | undefined {
  switch (rule.type) {
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "string":
      return text;
    default:
      return rule satisfies never;
  }
}
