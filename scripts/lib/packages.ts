import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A program that is not an npm package, the Debian package that has it, and other names it may go by. */
export type Program = { names: readonly [string, ...string[]]; package: string };

export const REDIS: Program = { names: ["redis-server", "valkey-server"], package: "redis-server" };
export const PROMETHEUS: Program = { names: ["prometheus"], package: "prometheus" };
export const ALERTMANAGER: Program = {
  names: ["prometheus-alertmanager", "alertmanager"],
  package: "prometheus-alertmanager",
};

/** Full path of the first of the program's names found in PATH or Debian's usual folders. */
export function findProgram(program: Program): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/sbin", "/usr/local/bin"];
  return program.names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/**
 * Finds the programs, installing what is missing with apt-get when that needs no question (root, or sudo without a
 * password). `tell` gets one line per thing done. Returns what is still missing.
 */
export function ensurePrograms(programs: readonly Program[], tell: (line: string) => void): readonly Program[] {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return [];
  const apt = aptGet();
  if (apt === undefined) return missing;
  const names = missing.map((program) => program.package);
  tell(`installing ${names.join(", ")} with apt-get`);
  if (runs(apt, ["install", "-y", "--no-install-recommends", ...names])) return [];
  runs(apt, ["update"]);
  runs(apt, ["install", "-y", "--no-install-recommends", ...names]);
  return programs.filter((program) => findProgram(program) === undefined);
}

/** One line that says how to get what is missing. */
export function remedy(missing: readonly Program[]): string {
  const names = missing.map((program) => program.package).join(" ");
  return `missing: ${names}. Install with: sudo apt-get update && sudo apt-get install -y ${names}`;
}

function aptGet(): readonly [string, ...string[]] | undefined {
  if (!isExecutable("/usr/bin/apt-get")) return undefined;
  if (process.getuid?.() === 0) return ["/usr/bin/apt-get"];
  return runs(["sudo", "-n"], ["true"]) ? ["sudo", "-n", "/usr/bin/apt-get"] : undefined;
}

function runs([command, ...first]: readonly [string, ...string[]], args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, [...first, ...args], { stdio: "ignore", env, timeout: 300_000 }).status === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
