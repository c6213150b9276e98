import { type CelType, type Names, NO_NAMES } from "../core/cel/names.ts";
import type { FactRule, SeverityRule } from "../core/config.ts";
import type { Fault } from "../core/errors.ts";
import { type ExpressionCompiler, expressionCompiler } from "../core/expression.ts";
import type { Evaluated, Template } from "../core/scope.ts";
import { compileTemplate } from "../core/template.ts";
import { textTemplate } from "../core/typed-template.ts";
import type { YamlFile } from "../core/yaml/read-yaml.ts";
import { pathText } from "../core/yaml/schema-faults.ts";
import type { Given } from "./given.ts";
import type { StanchYaml } from "./schema.ts";

/** Where faults are collected while compiling. */
export type Place = {
  file: YamlFile;
  name: string;
  faults: Fault[];
  original(path: readonly PropertyKey[]): readonly PropertyKey[];
};

type Rules = { facts: readonly FactRule[]; severity: readonly SeverityRule[] };
type At = { place: Place; path: readonly PropertyKey[] };

/** Facts and severity rules with their expressions compiled; faults are collected, not thrown. */
export function compileRules(yaml: Pick<StanchYaml, "vars" | "facts" | "severity">, place: Place, given: Given): Rules {
  const vars = new Map<string, CelType>(given.names("vars").map((name) => [name, typeOf(yaml.vars[name])]));
  const ofFacts = expressionCompiler({ ...NO_NAMES, vars });
  const facts = Object.entries(yaml.facts).map(([name, fact]) =>
    factRule(name, fact, ofFacts, { place, path: ["facts", name] }),
  );
  const names: Names = { ...NO_NAMES, vars, facts: given.names("facts") };
  return { facts, severity: severityRules(yaml.severity, expressionCompiler(names), place) };
}

function factRule(name: string, fact: StanchYaml["facts"][string], compiler: ExpressionCompiler, at: At): FactRule {
  if (fact.query === undefined && fact.fallback === undefined) note(at, "a fact needs a query or a fallback");
  const query = fact.query === undefined ? undefined : queryTemplate(fact.query, compiler, below(at, "query"));
  const fallback =
    fact.fallback === undefined ? undefined : numberTemplate(fact.fallback, compiler, below(at, "fallback"));
  const { match, connection } = fact;
  const asked = { ...(query && { query }), ...(connection !== undefined && { connection }) };
  return { name, match, maxAge: fact["max-age"], ...asked, ...(fallback && { fallback }) };
}

function queryTemplate(text: string, compiler: ExpressionCompiler, at: At): Template<string> | undefined {
  const compiled = compileTemplate(text, compiler, "query");
  if (!compiled.ok) return noteAll(at, compiled.faults);
  if (!isOneOf(compiled.type, "string")) return note(at, `it gives ${compiled.type}, not text`);
  return textTemplate(compiled.value);
}

/** A fallback is a bare CEL expression; wrapped, its faults stand three characters further right. */
function numberTemplate(text: string, compiler: ExpressionCompiler, at: At): Template<number> | undefined {
  const compiled = compileTemplate(`\${{${text}}}`, compiler);
  if (!compiled.ok)
    return noteAll(
      at,
      compiled.faults.map((fault) => ({ ...fault, at: Math.max(0, fault.at - 3) })),
    );
  if (!isOneOf(compiled.type, "double")) return note(at, `it gives ${compiled.type}, not a number`);
  const { reads, render } = compiled.value;
  return { text, reads, render: (scope) => onlyNumber(render(scope), text) };
}

function isOneOf(type: CelType, wanted: CelType): boolean {
  return type === wanted || type === "dyn";
}

function onlyNumber(value: Evaluated<unknown>, text: string): Evaluated<number> {
  if (!value.known) return value;
  return typeof value.value === "number"
    ? { known: true, value: value.value }
    : { known: false, why: `${text} is not a number` };
}

function severityRules(
  rules: StanchYaml["severity"],
  compiler: ExpressionCompiler,
  place: Place,
): readonly SeverityRule[] {
  return rules.flatMap((rule, index) => {
    const compiled = compiler.condition(rule.when);
    if (compiled.ok) return [{ level: rule.level, when: compiled.value, for: rule.for }];
    noteAll({ place, path: ["severity", index, "when"] }, compiled.faults);
    return [];
  });
}

function below({ place, path }: At, key: string): At {
  return { place, path: [...path, key] };
}

function note({ place, path }: At, message: string, at = 0): undefined {
  const found = place.original(path);
  place.faults.push({ file: place.name, ...place.file.locateText(found, at), path: pathText(found), message });
}

function noteAll(at: At, faults: readonly { message: string; at: number }[]): undefined {
  for (const fault of faults) note(at, fault.message, fault.at);
}

function typeOf(value: unknown): CelType {
  if (typeof value === "number") return "double";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "dyn";
}
