import type { z } from "zod";
import type { Actor, Role } from "../core/decision.ts";
import type { Desk } from "../core/desk.ts";
import { AppError, type Fault } from "../core/errors.ts";

/** One call of the API, authenticated. */
export type Call = {
  actor: Actor;
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  body(): Promise<string>;
};

/** JSON by default; `text` for what people read. */
export type Reply = { status?: number; json: unknown } | { text: string; type: string };

/** A row of the API's table. `path` is relative to `/api/v1`. */
export type Route = {
  method: "get" | "post" | "delete";
  path: string;
  role: Role;
  handle(desk: Desk, call: Call): Promise<Reply>;
};

/** The path parameter of a route that declares it; always there, since the router matched. */
export function param(call: Call, name: string): string {
  return call.params[name] ?? "";
}

/** @throws AppError `not_found`, naming what was looked for. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AppError("not_found", `there is no ${what}`);
  return value;
}

/** The request's body against a schema; an empty body is `{}`. @throws AppError `invalid_request` with every fault. */
export async function readInput<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
  const text = await call.body();
  return checked(schema, text.trim() === "" ? {} : parseJson(text), "the body");
}

/** The query string against a schema. @throws AppError `invalid_request` with every fault. */
export function readQuery<T>(call: Call, schema: z.ZodType<T>): T {
  const names = [...call.query.keys()];
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (twice.length > 0) {
    const faults = twice.map((path) => ({ path, message: "it is given more than once" }));
    throw new AppError("invalid_request", `the query cannot be read: ${saying(faults)}`, { faults });
  }
  return checked(schema, Object.fromEntries(call.query), "the query");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = { path: "body", message: "not valid JSON" };
    throw new AppError("invalid_request", "the body is not valid JSON", { cause, faults: [fault] });
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap(faultsOf);
  throw new AppError("invalid_request", `${where} cannot be read: ${saying(faults)}`, { faults });
}

/** Each unknown key is a fault of its own. */
function faultsOf(issue: z.core.$ZodIssue): readonly Fault[] {
  const { path, message } = issue;
  if (issue.code !== "unrecognized_keys") return [{ path: path.join("."), message }];
  return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "unknown key" }));
}

function saying(faults: readonly Fault[]): string {
  return faults.map(({ path = "", message }) => (path === "" ? message : `${path}: ${message}`)).join("; ");
}
