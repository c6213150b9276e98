import { readFileSync } from "node:fs";
import { actionsWith, createConnections } from "../actions/index.ts";
import { parseOptions } from "../app/playbooks.ts";
import { loadConfig } from "../config/load.ts";
import { readSet } from "../config/playbook-set.ts";
import type { Config } from "../core/config.ts";
import type { ConnectionKind } from "../core/connection.ts";
import { AppError, type Fault, formatFault } from "../core/errors.ts";
import type { Finding } from "../core/playbook/installation.ts";
import { readYaml } from "../core/yaml/read-yaml.ts";
import { createMemoryStore } from "../store/memory/index.ts";
import { Findings } from "./failure.ts";
import type { Io } from "./io.ts";
import type { LintOptions } from "./lint.ts";
import { clean } from "./text.ts";

/** `notes`: what playbooks need of systems that this installation does not have; they are loaded and never start. */
type Checked = { faults: readonly Fault[]; notes: readonly Fault[]; playbooks: number };

/** Prints the faults of the configuration and the playbooks. @throws Findings when there are any. */
export function lint(io: Io, options: LintOptions): void {
  const checked = check(io, options);
  const { faults, notes, playbooks } = checked;
  if (options.json) io.out(JSON.stringify(checked, null, 2));
  else {
    for (const note of notes) io.out(`note: ${clean(formatFault(note))}`);
    for (const fault of faults) io.out(clean(formatFault(fault)));
  }
  if (faults.length > 0) {
    if (!options.json) io.err(`${faults.length} fault${faults.length === 1 ? "" : "s"}`);
    throw new Findings("faults were found");
  }
  if (!options.json)
    io.out(`the configuration and ${playbooks} playbook${playbooks === 1 ? "" : "s"} are fine${missingText(notes)}`);
}

function missingText(notes: readonly Fault[]): string {
  const files = new Set(notes.map(({ file }) => file)).size;
  return files === 0 ? "" : `; ${files} of them ask${files === 1 ? "s" : ""} for a connection that is not there`;
}

/** All faults there are; a bad configuration does not hide the playbooks' faults: they only need some names of it. */
export function check(io: Io, options: LintOptions): Checked {
  const file = options.config ?? io.env["STANCH_CONFIG"] ?? "stanch.yaml";
  const directory = options.playbooks ?? io.env["STANCH_PLAYBOOKS"] ?? "playbooks";
  const insecureDev = options.insecureDev === true;
  // `human.task` keeps its tasks in the store; a check makes none.
  const actions = actionsWith(createMemoryStore().store);
  const config = attempt(() => loadConfig({ file, environment: io.env, insecureDev }));
  const configFaults = "value" in config ? [] : config.faults;
  const given = "value" in config ? undefined : namesOf(file);
  if (!("value" in config) && given === undefined) {
    const message = `the playbooks in ${directory} are looked at once ${file} can be read: they need the names in it`;
    return { faults: configFaults, notes: [{ message }], playbooks: 0 };
  }
  const names =
    "value" in config
      ? parseOptions(config.value, actions, createConnections(config.value.connections))
      : { actions, facts: [], ...given };
  const set = attempt(() => readSet({ directory, ...names }));
  const read = "value" in set ? set.value : { playbooks: [], faults: set.faults };
  const findings = read.playbooks.flatMap((playbook) => playbook.findings ?? []);
  const isNote = ({ lacks }: Finding): boolean =>
    options.strict !== true && lacks !== undefined && "value" in config && hasNone(config.value, lacks);
  return {
    faults: [...configFaults, ...read.faults, ...findings.filter((one) => !isNote(one)).map(faultOf)],
    notes: findings.filter(isNote).map(faultOf),
    playbooks: read.playbooks.length,
  };
}

/** A name that is wrong among connections of its kind is a fault; where there is none, the playbook is for other installations. */
function hasNone({ connections }: Config, kind: ConnectionKind): boolean {
  return Object.keys(connections[kind] ?? {}).length === 0;
}

function faultOf({ blocks: _, lacks: _lacks, ...fault }: Finding): Fault {
  return fault;
}

function attempt<T>(act: () => T): { value: T } | { faults: readonly Fault[] } {
  try {
    return { value: act() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { faults: error.faults.length > 0 ? error.faults : [{ message: error.message }] };
  }
}

type GivenNames = { facts: readonly string[]; vars: Readonly<Record<string, unknown>> };

/** The names that playbooks may use, from a configuration that cannot be loaded as a whole; undefined when it cannot even be read. */
function namesOf(file: string): GivenNames | undefined {
  const text = readText(file);
  if (text === undefined) return { facts: [], vars: {} };
  const read = readYaml(text, file);
  if (!read.ok) return undefined;
  const { facts, vars } = Object(read.file.value);
  return { facts: Object.keys(Object(facts)), vars: Object(vars) };
}

/** What keeps the file from being read has been said by loading it. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
