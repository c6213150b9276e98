import { checkOutputNames, checkScopeNames, type ExpressionFault } from "./cel/check-names.ts";
import { impossibleComparisons, outputWords, scopeWords } from "./cel/check-values.ts";
import { outputEnvironment, runtimeEnvironment, typedEnvironment } from "./cel/environment.ts";
import type { Names, Outputs } from "./cel/names.ts";
import { type Compiled, compile, type Program } from "./cel/program.ts";
import { celMap, celValue, cleanMap, NoValue } from "./cel/values.ts";
import { uncut } from "./cut.ts";
import type { AlertView, Condition, Expectation, Scope } from "./scope.ts";

/** Compiles expressions over one set of names; made once per place in a playbook, since its type-checker costs memory. */
export type ExpressionCompiler = {
  names: Names;
  program(text: string): Compiled<Program>;
  condition(text: string): Compiled<Condition>;
  /** Comparisons of a text that compiles which can never hold. */
  slips(text: string): readonly ExpressionFault[];
};

/** Faults say where in the text they are; `Names` decides what may be named. Places with the same types may share `typed`. */
export function expressionCompiler(names: Names, typed = lazily(() => typedEnvironment(names))): ExpressionCompiler {
  const runtime = lazily(() => runtimeEnvironment(names));
  const plan = {
    typed,
    runtime,
    names: ({ ast }: { ast: Parameters<typeof checkScopeNames>[0] }) => checkScopeNames(ast, names),
  };
  const program = (text: string) => compile(text, plan);
  const slips = (text: string) => impossibleComparisons(runtime().parse(text).ast, scopeWords(names));
  return { names, program, condition: (text) => conditionOf(program(text)), slips };
}

/** Makes at the first call and keeps. */
export function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function conditionOf(compiled: Compiled<Program>): Compiled<Condition> {
  if (!compiled.ok) return compiled;
  const { value: program } = compiled;
  const fault = mustBeBool(program);
  if (fault) return { ok: false, faults: [fault] };
  const { text, reads } = program;
  return { ok: true, value: { text, reads, test: (scope) => program.run(contextOf(scope, program.roots), bool) } };
}

/** Compiles an expectation over an action's output; without a schema every field is taken as it comes. */
export function compileExpectation(text: string, output: Outputs | undefined): Compiled<Expectation> {
  const environment = () => outputEnvironment(output);
  const names = ({ ast }: { ast: Parameters<typeof checkOutputNames>[0] }) => checkOutputNames(ast, output);
  const compiled = compile(text, { runtime: environment, typed: environment, names });
  if (!compiled.ok) return compiled;
  const { value: program } = compiled;
  const fault = mustBeBool(program);
  if (fault) return { ok: false, faults: [fault] };
  return { ok: true, value: { text, test: (fields) => program.run({ __proto__: null, ...cleanMap(fields) }, bool) } };
}

/** Comparisons of an expectation that compiles which can never hold. */
export function expectationSlips(text: string, output: Outputs | undefined): readonly ExpressionFault[] {
  return impossibleComparisons(outputEnvironment(output).parse(text).ast, outputWords(output));
}

function mustBeBool({ type }: Program): ExpressionFault | undefined {
  if (type === "bool" || type.startsWith("dyn")) return undefined;
  return { message: `a condition gives true or false, this gives ${type}`, at: 0 };
}

function bool(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new NoValue("it is neither true nor false");
}

/** The scope in CEL's terms, only as far as the expression uses it: instants as timestamps, null as missing. */
export function contextOf(scope: Scope, roots: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const context: Record<string, unknown> = {};
  for (const root of roots) {
    const read = Object.hasOwn(READERS, root) ? READERS[root] : undefined;
    const value = read ? read(scope) : scope.item?.[root];
    if (value !== undefined) context[root] = read ? value : celValue(value);
  }
  return context;
}

const READERS: Readonly<Record<string, (scope: Scope) => unknown>> = {
  alert: ({ alert }) => alertValue(alert),
  alerts: ({ alerts }) => alerts.map(alertValue),
  incident: ({ incident }) => ({ ...incident, labels: celMap(incident.labels) }),
  facts: ({ facts }) => celMap(cleanMap(facts)),
  vars: ({ vars }) => celMap(cleanMap(vars)),
  steps: ({ steps }) => celMap(cleanMap(steps)),
  target: ({ target }) => target,
  now: ({ now }) => new Date(now),
};

function alertValue(alert: AlertView): Readonly<Record<string, unknown>> {
  const { labels, annotations, startsAt } = alert;
  return { ...alert, labels: celMap(labels), annotations: celMap(uncut(annotations)), startsAt: new Date(startsAt) };
}
