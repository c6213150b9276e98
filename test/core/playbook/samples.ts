import { z } from "zod";
import { AppError, formatFault } from "../../../src/core/errors.ts";
import type { ActionCatalog, CatalogAction } from "../../../src/core/playbook/catalog.ts";
import { type ParseOptions, parsePlaybook } from "../../../src/core/playbook/parse.ts";

const Service = z.strictObject({ cluster: z.string(), service: z.string(), connection: z.string().optional() });
const query: CatalogAction = {
  effect: "read",
  input: z.strictObject({ query: z.string().min(1), connection: z.string().optional() }),
  output: z.object({ value: z.number().nullable(), state: z.enum(["value", "empty"]), names: z.array(z.string()) }),
};
const ACTIONS: Readonly<Record<string, CatalogAction>> = {
  "prometheus.query": query,
  "http.check": { effect: "read", input: z.strictObject({ path: z.string().default("/") }) },
  "settings.set": {
    effect: "reversible",
    input: z.strictObject({ name: z.string(), value: z.union([z.number(), z.boolean(), z.string()]) }),
    output: z.object({ former: z.number() }),
    revert: () => undefined,
  },
  "ecs.redeploy": { effect: "disruptive", input: Service, output: z.object({ deploymentId: z.string() }) },
  "human.task": { effect: "read", tells: true, input: z.strictObject({ ask: z.string() }) },
  "redis.flushdb": { effect: "destructive", input: z.strictObject({}) },
  "http.request": { effect: () => "disruptive", input: z.strictObject({ path: z.string() }) },
};

export const CATALOG: ActionCatalog = new Map(Object.entries(ACTIONS));
export const OPTIONS: ParseOptions = {
  actions: CATALOG,
  facts: ["cpu", "error_rate"],
  vars: { region: "us-west-1", limit: 3 },
};

export function parse(text: string, options: Partial<ParseOptions> = {}) {
  return parsePlaybook(text, "p.yaml", { ...OPTIONS, ...options });
}

/** Faults as lines, empty when the text is fine. */
export function faultsOf(text: string, options: Partial<ParseOptions> = {}): readonly string[] {
  try {
    parse(text, options);
    return [];
  } catch (error) {
    if (error instanceof AppError && error.code === "invalid_playbook") return error.faults.map(formatFault);
    throw error;
  }
}

/** A small playbook with these steps and further lines at the top. */
export function withSteps(steps: string, top = ""): string {
  const indented = steps
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
  return `name: p\nmatch: ['alertname = "X"']\ntarget: redis:x\n${top === "" ? "" : `${top}\n`}steps:\n${indented}\n`;
}
