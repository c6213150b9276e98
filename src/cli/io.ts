import type { Instant } from "../core/time.ts";

/** What a command gets from the process and gives back to it; `main.ts` fills it, tests fill it with their own. */
export type Io = {
  env: Readonly<Record<string, string | undefined>>;
  /** Writes a line to standard output, or to standard error. */
  out(line: string): void;
  err(line: string): void;
  /** Standard output is a terminal and NO_COLOR is not set. */
  color: boolean;
  /** Width of the terminal; undefined when output goes elsewhere, and then nothing is cut. */
  columns?: number | undefined;
  now(): Instant;
  /** The whole of standard input. */
  stdin(): Promise<string>;
  /** Calls back at each of these signals; answers a function that stops it. */
  onSignal(names: readonly ("SIGINT" | "SIGTERM" | "SIGHUP")[], act: (name: string) => void): () => void;
};

/** 0 fine, 1 findings (also a refusal or an unreachable server), 2 usage. */
export type ExitCode = 0 | 1 | 2;
