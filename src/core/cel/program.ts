import {
  TypeError as CelTypeError,
  type Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
} from "@marcbachmann/cel-js";
import type { Evaluated } from "../scope.ts";
import type { ExpressionFault, NameReport } from "./check-names.ts";
import { guardNaN } from "./guard-nan.ts";
import type { CelType } from "./names.ts";
import { syntaxHint } from "./syntax-hint.ts";

/** Longest text of one expression. */
const LONGEST = 2_000;

/** A checked expression. `type` is what it gives, as far as it is known at load. */
export type Program = {
  text: string;
  type: CelType;
  roots: ReadonlySet<string>;
  reads: readonly string[];
  /** What the expression gives in CEL's own values; unknown for whatever goes wrong. */
  run<T>(context: object, convert: (value: unknown) => T): Evaluated<T>;
};

export type Compiled<T> = { ok: true; value: T } | { ok: false; faults: readonly ExpressionFault[] };

type Plan = {
  /** Where it is evaluated. */
  runtime: () => Environment;
  /** Where its types are checked. */
  typed: () => Environment;
  names: (parsed: ParseResult) => NameReport;
};

/** Parses and checks one expression: syntax, names, types; every fault of its names at once. */
export function compile(text: string, plan: Plan): Compiled<Program> {
  try {
    if (text.length > LONGEST)
      return failed([{ message: `the expression is longer than ${LONGEST} characters`, at: 0 }]);
    const parsed = plan.runtime().parse(text);
    const { faults, roots, reads } = plan.names(parsed);
    if (faults.length > 0) return failed(faults);
    const checked = plan.typed().check(text);
    if (checked.error) throw checked.error;
    const loaded = parsed.check();
    if (loaded.error) throw loaded.error;
    guardNaN(parsed.ast);
    return { ok: true, value: program(text, parsed, { type: checked.type ?? "dyn", roots, reads: [...reads] }) };
  } catch (error) {
    return failed([faultOf(error, text)]);
  }
}

function failed(faults: readonly ExpressionFault[]): Compiled<never> {
  return { ok: false, faults };
}

function faultOf(error: unknown, text: string): ExpressionFault {
  if (error instanceof ParseError || error instanceof CelTypeError) {
    const at = error.range?.start ?? 0;
    const hint = error instanceof ParseError ? syntaxHint(text, at) : "";
    return { message: `${plainWords(error.summary)}${hint}`, at };
  }
  throw error;
}

function plainWords(summary: string): string {
  const overload = /^no such overload: (.+) (\S+) (.+)$/.exec(summary);
  return overload ? `${overload[2]} cannot be applied to ${overload[1]} and ${overload[3]}` : summary;
}

function program(text: string, parsed: ParseResult, about: Pick<Program, "type" | "roots" | "reads">): Program {
  return {
    text,
    ...about,
    run(context, convert) {
      try {
        return { known: true, value: convert(parsed(context)) };
      } catch (error) {
        return { known: false, why: whyUnknown(text, error) };
      }
    },
  };
}

const MISSING: ReadonlySet<string> = new Set([
  "no_such_key",
  "unknown_variable",
  "unsupported_type",
  "field_type_mismatch",
]);

/** Says in few words what could not be known: `facts.error_rate is unknown`. Whatever the library throws, nothing is known. */
function whyUnknown(text: string, error: unknown): string {
  if (!(error instanceof EvaluationError)) return `${text}: ${error instanceof Error ? error.message : "it fails"}`;
  const { node, code, summary } = error;
  if (code === "no_label") return summary;
  if (code === "unsupported_type") return `${text}: there is a null in it`;
  if (MISSING.has(code) && node) return `${text.slice(node.start, node.end)} is unknown`;
  return `${text}: ${plainWords(summary)}`;
}
