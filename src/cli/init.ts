import { mkdirSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { exampleConfig } from "../config/example.ts";
import { AppError } from "../core/errors.ts";
import type { Io } from "./io.ts";

/** `init`: writes a commented configuration, never over one that is there. */
export function addInitCommand(program: Command, io: Io): void {
  program
    .command("init [file]")
    .description("write a commented stanch.yaml, and make the directory of playbooks")
    .action((file?: string) => init(io, file ?? io.env["STANCH_CONFIG"] ?? "stanch.yaml"));
}

function init(io: Io, file: string): void {
  const text = exampleConfig();
  write(file, text);
  const playbooks = io.env["STANCH_PLAYBOOKS"] ?? "playbooks";
  mkdirSync(playbooks, { recursive: true });
  io.out(`wrote ${file}; playbooks are read from ${playbooks}/`);
  io.out(`set ${variablesOf(text).join(" and ")} in the environment, then run \`stanch lint\` and \`stanch serve\``);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx" });
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const why = exists ? "it exists already; name another file" : String(cause);
    throw new AppError("conflict", `writing ${file}: ${why}`, { cause });
  }
}

/** Variables that the text asks for outside its comments. */
function variablesOf(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("#"));
  const names = lines.flatMap((line) => [...line.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = ""]) => name));
  return [...new Set(names)];
}
