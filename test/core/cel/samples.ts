import type { Names, Outputs } from "../../../src/core/cel/names.ts";
import { expressionCompiler } from "../../../src/core/expression.ts";
import type { Condition, Evaluated, Scope } from "../../../src/core/scope.ts";

export const QUERY_OUTPUT: Outputs = {
  fields: new Map([
    ["value", "double"],
    ["state", "string"],
    ["series", "list<dyn>"],
    ["ok", "bool"],
  ]),
  open: false,
};

export const NAMES: Names = {
  facts: ["cpu", "rate", "gone"],
  vars: new Map([
    ["cluster", "string"],
    ["count", "double"],
    ["on", "bool"],
    ["weights", "map<string, dyn>"],
    ["list", "list<dyn>"],
  ]),
  steps: new Map([
    ["probe", QUERY_OUTPUT],
    ["skipped", undefined],
  ]),
  later: ["redeploy"],
  items: ["round"],
};

const alert = {
  labels: { severity: "critical", service: "litellm", empty: "" },
  annotations: { value: "0.3", nan: "NaN" },
  status: "firing",
  startsAt: Date.UTC(2026, 0, 1),
  fingerprint: "f1",
};

export const SCOPE: Scope = {
  alert,
  alerts: [alert, { ...alert, labels: { service: "vllm" } }],
  incident: { id: "inc-1", key: "service=litellm", severity: "P0", opening: 2, labels: { service: "litellm" } },
  facts: { cpu: 0.9, rate: 502, gone: null },
  vars: { cluster: "poc", count: 2, on: true, weights: { openai: 70, azure: null }, list: [1, null, 3] },
  steps: { probe: { outcome: "succeeded", output: { value: 0.2, state: "value", series: [], ok: null } } },
  target: "ecs:poc/litellm",
  now: Date.UTC(2026, 0, 1, 0, 10),
  item: { round: { percent: 25 } },
};

export const COMPILER = expressionCompiler(NAMES);

/** A condition that must compile. */
export function condition(text: string): Condition {
  const compiled = COMPILER.condition(text);
  if (!compiled.ok) throw new Error(`${text}: ${compiled.faults.map((fault) => fault.message).join("; ")}`);
  return compiled.value;
}

/** `true`, `false`, or `unknown: why`. */
export function answer(evaluated: Evaluated<unknown>): unknown {
  return evaluated.known ? evaluated.value : `unknown: ${evaluated.why}`;
}
