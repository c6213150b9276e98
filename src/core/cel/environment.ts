import { Environment } from "@marcbachmann/cel-js";
import { labelMacro } from "./label.ts";
import { re2Macro } from "./matches.ts";
import type { Names, Outputs } from "./names.ts";

/** Structural limits of one expression; together with the rule on loops in `check-names.ts` they bound its cost. */
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 50, maxCallArguments: 8 };

const TIMESTAMP = "google.protobuf.Timestamp";
const LABELS = "map<string, string>";

/** Types of the names that every scope has, as far as they need no playbook. */
const ALERT = { labels: LABELS, annotations: LABELS, status: "string", startsAt: TIMESTAMP, fingerprint: "string" };
const INCIDENT = { id: "string", key: "string", severity: "string", opening: "double", labels: LABELS };

/** The fields of an alert and of an incident that expressions can read. */
export const ALERT_FIELDS: readonly string[] = Object.keys(ALERT);
export const INCIDENT_FIELDS: readonly string[] = Object.keys(INCIDENT);

/** Makes once, at the first use. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** JavaScript numbers are `double`, CEL literals are often `int`: arithmetic and equality must take both. */
function withNumbers(env: Environment): Environment {
  for (const [operator, apply] of Object.entries(ARITHMETIC)) {
    env.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => apply(a, Number(b)));
    env.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  env.registerOperator("double == int: bool", (a: number, b: bigint) => a === Number(b));
  env.registerOperator("double in list<int>: bool", listed);
  return env.registerOperator("dyn<double> in list<int>: bool", listed);
}

function listed(value: number, list: Iterable<unknown>): boolean {
  for (const item of list) if (Number(item) === value) return true;
  return false;
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

function bare(unlistedVariablesAreDyn: boolean): Environment {
  const options = { enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: LIMITS };
  return re2Macro(withNumbers(new Environment({ ...options, unlistedVariablesAreDyn })));
}

const bareEnvironment = once(() => bare(false));
const untypedOutput = once(() => bare(true));

const common = once(() => labelMacro(bareEnvironment().clone()));

/** At run time everything is plain objects and dispatch is by value; only facts, the hot path, are typed. */
const runtime = once(() =>
  common()
    .clone()
    .registerVariable("facts", "map<string, double>")
    .registerVariable("target", "string")
    .registerVariable("now", TIMESTAMP)
    .registerVariable("alerts", "list<dyn>")
    .registerVariable("alert", "map<string, dyn>")
    .registerVariable("incident", "map<string, dyn>")
    .registerVariable("vars", "map<string, dyn>")
    .registerVariable("steps", "map<string, dyn>"),
);

const typed = once(() => {
  const env = common().clone();
  env.registerType("Alert", { schema: ALERT });
  env.registerVariable("alert", "Alert").registerVariable("alerts", "list<Alert>");
  env.registerVariable("incident", { schema: INCIDENT });
  return env.registerVariable("target", "string").registerVariable("now", TIMESTAMP);
});

/** Where expressions over a scope are evaluated; names of `for-each` items are the only thing that differs. */
export function runtimeEnvironment(names: Names): Environment {
  if (names.items.length === 0) return runtime();
  return names.items.reduce((env, item) => env.registerVariable(item, "dyn"), runtime().clone());
}

/** Where they are type-checked at load: each var and each step's output with its own type. Costly, so not to be kept. */
export function typedEnvironment(names: Names): Environment {
  const env = typed().clone().registerVariable("facts", "map<string, double>");
  const steps = [...names.steps].map(([id, output]) => [id, { outcome: "string", output: outputType(output) }]);
  env.registerVariable("vars", { schema: Object.fromEntries(names.vars) });
  env.registerVariable("steps", { schema: Object.fromEntries(steps) });
  return names.items.reduce((made, item) => made.registerVariable(item, "dyn"), env);
}

function outputType(output: Outputs | undefined): string | Readonly<Record<string, string>> {
  return output === undefined || output.open ? "map<string, dyn>" : Object.fromEntries(output.fields);
}

const outputs = new WeakMap<Outputs, Environment>();

/** Where the fields of an action's output stand by themselves; without a schema every name is taken. */
export function outputEnvironment(output: Outputs | undefined): Environment {
  if (output === undefined || output.open) return untypedOutput();
  const made =
    outputs.get(output) ??
    [...output.fields].reduce((env, [name, type]) => env.registerVariable(name, type), bareEnvironment().clone());
  outputs.set(output, made);
  return made;
}
