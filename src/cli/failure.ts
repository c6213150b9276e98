import { AppError, formatFault, messageOf } from "../core/errors.ts";
import type { Io } from "./io.ts";
import { clean, paint } from "./text.ts";

/** Thrown by a command whose result is bad news that it has printed already: exit code 1. */
export class Findings extends Error {
  override readonly name = "Findings";
}

/** Prints what went wrong on standard error: one line, then one for each fault. */
export function printError(io: Io, error: unknown): void {
  const [first = ""] = textOf(error).split("\n");
  io.err(`${paint(io, "red", "error:")} ${clean(first)}`);
  if (error instanceof AppError) for (const fault of error.faults) io.err(`  ${clean(formatFault(fault))}`);
}

/** There is no log to look at: a bug is shown with where it happened. */
function textOf(error: unknown): string {
  if (error instanceof AppError) return messageOf(error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `internal: ${stack.split("\n").slice(0, 3).join(" ")}`;
}
