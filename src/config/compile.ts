import type { FactRule, SeverityRule } from "../core/config.ts";
import { AppError, type Fault } from "../core/errors.ts";
import type { Condition, Template } from "../core/scope.ts";
import type { YamlFile } from "../core/yaml/read-yaml.ts";
import { faultAtPath } from "../core/yaml/schema-faults.ts";
import type { StanchYaml } from "./schema.ts";

/** Compiles expressions of the configuration; each throws AppError with what is wrong. */
export type ExpressionCompiler = {
  condition(text: string, facts: readonly string[]): Condition;
  number(text: string): Template<number>;
  text(text: string): Template<string>;
};

type Place = { file: YamlFile; name: string; faults: Fault[] };

/** Facts and severity rules with their expressions compiled; faults are collected, not thrown. */
export function compileRules(
  yaml: StanchYaml,
  compiler: ExpressionCompiler,
  place: Place,
): { facts: readonly FactRule[]; severity: readonly SeverityRule[] } {
  const names = Object.keys(yaml.facts);
  const facts = Object.entries(yaml.facts).flatMap(([name, fact]) => {
    const at = ["facts", name];
    if (fact.query === undefined && fact.fallback === undefined) {
      place.faults.push(faultAtPath(place.file, place.name, at, "a fact needs a query or a fallback"));
    }
    const query = attempt(place, [...at, "query"], () =>
      fact.query === undefined ? undefined : compiler.text(fact.query),
    );
    const fallback = attempt(place, [...at, "fallback"], () =>
      fact.fallback === undefined ? undefined : compiler.number(fact.fallback),
    );
    const rule: FactRule = {
      name,
      match: fact.match,
      maxAge: fact["max-age"],
      ...(query ? { query } : {}),
      ...(fallback ? { fallback } : {}),
    };
    return [rule];
  });
  const severity = yaml.severity.flatMap((rule, index) => {
    const when = attempt(place, ["severity", index, "when"], () => compiler.condition(rule.when, names));
    return when ? [{ level: rule.level, when, for: rule.for }] : [];
  });
  return { facts, severity };
}

function attempt<T>(place: Place, path: readonly PropertyKey[], compile: () => T): T | undefined {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    place.faults.push(faultAtPath(place.file, place.name, path, error.message));
    return undefined;
  }
}
