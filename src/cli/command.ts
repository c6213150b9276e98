import type { Command } from "commander";
import type { z } from "zod";
import { type Client, createClient, readAnswer, URL_HELP } from "./client.ts";
import type { Io } from "./io.ts";

/** A command that asks a running stanch and prints what it answers. */
export type Asking = { io: Io; client: Client; json: boolean };

export type ApiOptions = { json?: boolean; url?: string };

/** Adds `--json` and `--url` to a command. */
export function withApi(command: Command): Command {
  return command.option("--json", "print the server's answer as it is").option("--url <address>", URL_HELP);
}

/** What a command that asks the server needs: its address and token, from flags or the environment. */
export function asking(io: Io, options: ApiOptions): Asking {
  return { io, client: createClient(io, options.url), json: options.json === true };
}

/** Prints an answer: all of it as JSON for machines, else what `show` makes of the fields that `schema` names. */
export function print<T>(
  asking: Asking,
  answer: unknown,
  { schema, show }: { schema: z.ZodType<T>; show: (answer: T) => string },
): void {
  asking.io.out(asking.json ? JSON.stringify(answer, null, 2) : show(readAnswer(answer, schema)));
}
