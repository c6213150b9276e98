import type { ExitCode, Io } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/run.ts";
import { AT } from "../http/support.ts";

export type Ran = { code: ExitCode; out: string; err: string };

/** Runs a command line as a process would, with an environment and a clock of its own: five minutes after `AT`. */
export async function cli(args: readonly string[], over: Partial<Io> = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(args, {
    env: {},
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    color: false,
    now: () => AT + 5 * 60_000,
    stdin: async () => "",
    onSignal: () => () => undefined,
    ...over,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
