import type { Instant } from "./time.ts";

/** What an expression can see of an alert. */
export type AlertView = {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  status: string;
  startsAt: Instant;
  fingerprint: string;
};

/** What an expression can see of a step that has run. */
export type StepView = {
  outcome: "succeeded" | "failed" | "skipped" | "cancelled";
  output: Readonly<Record<string, unknown>>;
};

/** The names of `${{ … }}`, `if`, `when` and `release-when`. Instants appear in CEL as timestamps. */
export type Scope = {
  alert: AlertView;
  alerts: readonly AlertView[];
  incident: { id: string; key: string; severity: string; opening: number; labels: Readonly<Record<string, string>> };
  /** null where it could not be measured: reading it makes the expression `unknown`. */
  facts: Readonly<Record<string, number | null>>;
  vars: Readonly<Record<string, unknown>>;
  steps: Readonly<Record<string, StepView>>;
  target: string;
  now: Instant;
  /** The item of the innermost `for-each`, under its `as` name. */
  item?: Readonly<Record<string, unknown>>;
};

/** An evaluation's result; null, NaN, a missing key and an error are all unknown (section 14.6). */
export type Evaluated<T> = { known: true; value: T } | { known: false; why: string };

/** A compiled CEL condition; `reads` names the facts it uses. */
export type Condition = { text: string; reads: readonly string[]; test(scope: Scope): Evaluated<boolean> };

/** A compiled `with` tree or string with `${{ }}` in it. A string that is one expression keeps its type. */
export type Template<T = unknown> = { text: string; reads: readonly string[]; render(scope: Scope): Evaluated<T> };

/** A condition over an action's output fields, which stand by themselves (`value < 0.01`). */
export type Expectation = { text: string; test(output: Readonly<Record<string, unknown>>): Evaluated<boolean> };
