import { Command, CommanderError } from "commander";
import { setVariables } from "../config/environment.ts";
import { codeOf, type ErrorCode } from "../core/errors.ts";
import { addDecideCommands } from "./decide.ts";
import { addDoctorCommand } from "./doctor.ts";
import { Findings, printError } from "./failure.ts";
import { addInitCommand } from "./init.ts";
import type { ExitCode, Io } from "./io.ts";
import { addLintCommand } from "./lint.ts";
import { addPlanCommand } from "./plan.ts";
import { addReadCommands } from "./read.ts";
import { addServeCommand } from "./serve.ts";
import { version } from "./version.ts";

/** Runs one command line, without the program's name. Never throws: what goes wrong is printed and becomes the exit code. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  const program = createProgram({ ...io, env: setVariables(io.env) });
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return fail(io, error);
  }
}

function createProgram(io: Io): Command {
  const program = new Command("stanch");
  program
    .description("alert-driven remediation: classify an alert, run the playbook, ask people, measure recovery")
    .version(version(), "--version")
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError("(stanch COMMAND --help says more)")
    .exitOverride();
  addServeCommand(program, io);
  addInitCommand(program, io);
  addLintCommand(program, io);
  addDoctorCommand(program, io);
  addReadCommands(program, io);
  addPlanCommand(program, io);
  addDecideCommands(program, io);
  return program;
}

const USAGE: ReadonlySet<ErrorCode> = new Set(["invalid_request"]);

function fail(io: Io, error: unknown): ExitCode {
  if (error instanceof Findings) return 1;
  // Commander has printed its message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  printError(io, error);
  return USAGE.has(codeOf(error)) ? 2 : 1;
}
