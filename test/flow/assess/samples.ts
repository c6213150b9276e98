import type { Matcher, Playbook } from "../../../src/core/playbook/playbook.ts";
import type { Condition, Scope, Template } from "../../../src/core/scope.ts";

/** A matcher with JavaScript's expressions: enough where only plain patterns occur. */
export function matcher(label: string, operator: Matcher["operator"], value: string): Matcher {
  const pattern = new RegExp(`^(?:${value})$`, "s");
  const holds = (text: string): boolean => {
    const found = operator === "=" || operator === "!=" ? text === value : pattern.test(text);
    return operator.startsWith("!") ? !found : found;
  };
  return { label, operator, value, test: (labels) => holds(Object.hasOwn(labels, label) ? (labels[label] ?? "") : "") };
}

/** A condition that is unknown when a fact it reads is null. */
export function condition(text: string, test: (scope: Scope) => boolean, reads: readonly string[] = []): Condition {
  return {
    text,
    reads,
    test: (scope) => {
      const missing = reads.find((name) => (scope.facts[name] ?? null) === null);
      return missing === undefined
        ? { known: true, value: test(scope) }
        : { known: false, why: `facts.${missing} is unknown` };
    },
  };
}

/** A template made of a function; it is unknown where the function answers undefined. */
export function template<T>(text: string, render: (scope: Scope) => T | undefined): Template<T> {
  return {
    text,
    reads: [],
    render: (scope) => {
      const value = render(scope);
      return value === undefined ? { known: false, why: `${text} is unknown` } : { known: true, value };
    },
  };
}

/** A playbook for every severity that acts on `ecs:SERVICE`. */
export function playbook(over: Partial<Playbook> & { name: string }): Playbook {
  return {
    description: "",
    match: [],
    severity: ["P0", "P1", "P2"],
    priority: 0,
    vars: {},
    target: template("ecs:SERVICE", (scope) => `ecs:${scope.alert.labels["service"] ?? "none"}`),
    alsoTargets: [],
    autonomy: { P0: "auto", P1: "auto", P2: "auto" },
    limits: { budget: [] },
    steps: [],
    onFailure: [],
    on: "firing",
    file: `${over.name}.yaml`,
    text: over.name,
    digest: over.name,
    ...over,
  };
}

type ScopeParts = { labels?: Record<string, string>; facts?: Record<string, number | null>; now?: number };

export function scope({ labels = {}, facts = {}, now = 0 }: ScopeParts): Scope {
  return {
    alert: { labels, annotations: {}, status: "firing", startsAt: 0, fingerprint: "f" },
    alerts: [],
    incident: { id: "", key: "", severity: "", opening: 0, labels: {} },
    facts,
    vars: {},
    steps: {},
    target: "",
    now,
  };
}
