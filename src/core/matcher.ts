import { RE2JS, RE2JSException } from "re2js";
import { AppError } from "./errors.ts";
import type { Matcher } from "./playbook/playbook.ts";

const LONGEST = 4_096;

/** Label, operator and the rest; a label outside the classic alphabet is quoted, as Alertmanager ≥ 0.27 wants it. */
const SHAPE = /^\s*(?:([a-zA-Z_:][a-zA-Z0-9_:]*)|"((?:[^"\\]|\\.)+)")\s*(=~|!=|!~|=)\s*(.*)$/s;

/** What Alertmanager's current parser keeps for itself outside quotes. */
const RESERVED = /[\s{}!=~,\\"'`]/;

/**
 * One Alertmanager matcher: `alertname = "X"`, `service =~ "litellm.*"`. Values are quoted as in its `pkg/labels/parse.go`
 * (`\n`, `\"` and `\\` are escapes, any other backslash stands for itself); what its two parsers read differently when not
 * quoted is refused. Regular expressions are RE2, anchored at both ends. @throws AppError `invalid_request`.
 */
export function parseMatcher(text: string): Matcher {
  const shape = text.length > LONGEST ? null : SHAPE.exec(text);
  if (shape === null) throw fault(text, 'is no matcher; write it like alertname = "X" or service =~ "litellm.*"');
  const [, plain, quoted, operator = "", raw = ""] = shape;
  const label = plain ?? unescaped(quoted ?? "");
  const value = readValue(raw.trimEnd(), text);
  return { label, operator: operator as Matcher["operator"], value, test: tester(label, operator, { value, text }) };
}

function readValue(raw: string, text: string): string {
  if (raw.startsWith('"')) {
    const inner = /^"((?:[^"\\]|\\.)*)"$/s.exec(raw);
    if (inner === null) throw fault(text, 'has a quote that is not closed or not escaped; write \\" inside quotes');
    return unescaped(inner[1] ?? "");
  }
  if (raw.startsWith("="))
    throw fault(text, "begins its value with =; write one = where values are equal, or put the value in quotes");
  if (raw === "") throw fault(text, 'has no value; write "" for a label that is missing or empty');
  if (RESERVED.test(raw)) throw fault(text, "has a value with special characters; put it in double quotes");
  return raw;
}

function unescaped(raw: string): string {
  return raw.replace(/\\([n"\\])/g, (_, char: string) => (char === "n" ? "\n" : char));
}

type Labels = Readonly<Record<string, string>>;

function tester(label: string, operator: string, { value, text }: { value: string; text: string }): Matcher["test"] {
  if (operator === "=") return (labels) => valueIn(labels, label) === value;
  if (operator === "!=") return (labels) => valueIn(labels, label) !== value;
  const pattern = compiled(value, text);
  if (operator === "=~") return (labels) => pattern.testExact(valueIn(labels, label));
  return (labels) => !pattern.testExact(valueIn(labels, label));
}

/** A missing label is the empty string; what an object inherits is no label. */
function valueIn(labels: Labels, label: string): string {
  const value: unknown = labels[label];
  return typeof value === "string" ? value : "";
}

function compiled(pattern: string, text: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSException) throw fault(text, `has no valid RE2 expression: ${error.message}`);
    throw error;
  }
}

function fault(text: string, problem: string): AppError {
  return new AppError("invalid_request", `the matcher ${JSON.stringify(text.slice(0, 200))} ${problem}`);
}
