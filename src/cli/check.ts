import { readFileSync } from "node:fs";
import { actionsWith, createConnections } from "../actions/index.ts";
import { parseOptions } from "../app/playbooks.ts";
import { loadConfig } from "../config/load.ts";
import { readSet } from "../config/playbook-set.ts";
import { AppError, type Fault, formatFault } from "../core/errors.ts";
import { readYaml } from "../core/yaml/read-yaml.ts";
import { createMemoryStore } from "../store/memory/index.ts";
import { Findings } from "./failure.ts";
import type { Io } from "./io.ts";
import type { LintOptions } from "./lint.ts";
import { clean } from "./text.ts";

type Checked = { faults: readonly Fault[]; playbooks: number };

/** Prints the faults of the configuration and the playbooks. @throws Findings when there are any. */
export function lint(io: Io, options: LintOptions): void {
  const checked = check(io, options);
  const { faults, playbooks } = checked;
  if (options.json) io.out(JSON.stringify(checked, null, 2));
  else for (const fault of faults) io.out(clean(formatFault(fault)));
  if (faults.length > 0) {
    if (!options.json) io.err(`${faults.length} fault${faults.length === 1 ? "" : "s"}`);
    throw new Findings("faults were found");
  }
  if (!options.json) io.out(`the configuration and ${playbooks} playbook${playbooks === 1 ? "" : "s"} are fine`);
}

/** All faults there are; a bad configuration does not hide the playbooks' faults: they only need some names of it. */
export function check(io: Io, options: LintOptions): Checked {
  const file = options.config ?? io.env["STANCH_CONFIG"] ?? "stanch.yaml";
  const directory = options.playbooks ?? io.env["STANCH_PLAYBOOKS"] ?? "playbooks";
  const insecureDev = options.insecureDev === true;
  // `human.task` keeps its tasks in the store; a check makes none.
  const actions = actionsWith(createMemoryStore().store);
  const config = attempt(() => loadConfig({ file, environment: io.env, insecureDev }));
  const names =
    "value" in config
      ? parseOptions(config.value, actions, createConnections(config.value.connections))
      : { actions, ...namesOf(file) };
  const set = attempt(() => readSet({ directory, ...names }));
  const read = "value" in set ? set.value : { playbooks: [], faults: set.faults };
  const configFaults = "value" in config ? [] : config.faults;
  const findings = read.playbooks.flatMap((playbook) => playbook.findings ?? []);
  return {
    faults: [...configFaults, ...read.faults, ...findings.map(({ blocks: _, ...fault }) => fault)],
    playbooks: read.playbooks.length,
  };
}

function attempt<T>(act: () => T): { value: T } | { faults: readonly Fault[] } {
  try {
    return { value: act() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { faults: error.faults.length > 0 ? error.faults : [{ message: error.message }] };
  }
}

/** The names that playbooks may use, from a configuration that cannot be loaded as a whole. */
function namesOf(file: string): { facts: readonly string[]; vars: Readonly<Record<string, unknown>> } {
  const read = attempt(() => readYaml(readText(file), file));
  const value: unknown = "value" in read && read.value.ok ? read.value.file.value : undefined;
  const { facts, vars } = Object(value);
  return { facts: Object.keys(Object(facts)), vars: Object(vars) };
}

/** What keeps the file from being read has been said by loading it. */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
