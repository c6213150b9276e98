import type { Names } from "../core/cel/names.ts";
import { NO_NAMES } from "../core/cel/names.ts";
import type { FactRule, SeverityRule } from "../core/config.ts";
import type { Fault } from "../core/errors.ts";
import { type ExpressionCompiler, expressionCompiler } from "../core/expression.ts";
import type { Evaluated, Scope, Template } from "../core/scope.ts";
import { compileTemplate } from "../core/template.ts";
import type { YamlFile } from "../core/yaml/read-yaml.ts";
import { faultAtPath } from "../core/yaml/schema-faults.ts";
import type { StanchYaml } from "./schema.ts";

/** Where faults are collected while compiling. */
export type Place = { file: YamlFile; name: string; faults: Fault[] };
type Path = readonly PropertyKey[];

/** Facts and severity rules with their expressions compiled; faults are collected, not thrown. */
export function compileRules(
  yaml: StanchYaml,
  place: Place,
): { facts: readonly FactRule[]; severity: readonly SeverityRule[] } {
  const vars = new Map(Object.entries(yaml.vars).map(([name, value]) => [name, typeOf(value)]));
  const ofFacts = expressionCompiler({ ...NO_NAMES, vars });
  const facts = Object.entries(yaml.facts).map(([name, fact]) => factRule(name, fact, ofFacts, place));
  const names: Names = { ...NO_NAMES, vars, facts: Object.keys(yaml.facts) };
  return { facts, severity: severityRules(yaml, expressionCompiler(names), place) };
}

function factRule(
  name: string,
  fact: StanchYaml["facts"][string],
  compiler: ExpressionCompiler,
  place: Place,
): FactRule {
  const at = ["facts", name];
  if (fact.query === undefined && fact.fallback === undefined) {
    place.faults.push(faultAtPath(place.file, place.name, at, "a fact needs a query or a fallback"));
  }
  const query =
    fact.query === undefined ? undefined : queryTemplate(fact.query, compiler, { place, path: [...at, "query"] });
  const fallback =
    fact.fallback === undefined
      ? undefined
      : numberTemplate(fact.fallback, compiler, { place, path: [...at, "fallback"] });
  return {
    name,
    match: fact.match,
    maxAge: fact["max-age"],
    ...(query ? { query } : {}),
    ...(fallback ? { fallback } : {}),
  };
}

type At = { place: Place; path: Path };

function queryTemplate(text: string, compiler: ExpressionCompiler, at: At): Template<string> | undefined {
  const compiled = compileTemplate(text, compiler, "query");
  if (!compiled.ok) return fail(at, compiled.faults);
  const { value } = compiled;
  return { ...value, render: (scope) => only(value.render(scope), isText, "is not text") };
}

/** A fallback is a bare CEL expression. */
function numberTemplate(text: string, compiler: ExpressionCompiler, at: At): Template<number> | undefined {
  const compiled = compileTemplate(`\${{ ${text} }}`, compiler);
  if (!compiled.ok) return fail(at, compiled.faults);
  const { value } = compiled;
  return { ...value, text, render: (scope: Scope) => only(value.render(scope), isNumber, "is not a number") };
}

function severityRules(yaml: StanchYaml, compiler: ExpressionCompiler, place: Place): readonly SeverityRule[] {
  return yaml.severity.flatMap((rule, index) => {
    const compiled = compiler.condition(rule.when);
    if (compiled.ok) return [{ level: rule.level, when: compiled.value, for: rule.for }];
    fail({ place, path: ["severity", index, "when"] }, compiled.faults);
    return [];
  });
}

function fail({ place, path }: At, faults: readonly { message: string }[]): undefined {
  for (const { message } of faults) place.faults.push(faultAtPath(place.file, place.name, path, message));
  return undefined;
}

function only<T>(value: Evaluated<unknown>, is: (value: unknown) => value is T, why: string): Evaluated<T> {
  if (!value.known) return value;
  return is(value.value) ? { known: true, value: value.value } : { known: false, why };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

function typeOf(value: unknown): string {
  if (typeof value === "number") return "double";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "dyn";
}
