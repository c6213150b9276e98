import { readFileSync } from "node:fs";
import { actions } from "../actions/index.ts";
import { loadConfig } from "../config/load.ts";
import { readSet } from "../config/playbook-set.ts";
import { AppError, type Fault, formatFault } from "../core/errors.ts";
import { readYaml } from "../core/yaml/read-yaml.ts";
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
  if (!options.json) io.out(`the configuration and ${playbooks} playbooks are fine`);
}

/** A bad configuration does not hide the playbooks' faults: they only need the names of its facts. */
function check(io: Io, options: LintOptions): Checked {
  const file = options.config ?? io.env["STANCH_CONFIG"] ?? "stanch.yaml";
  const directory = options.playbooks ?? io.env["STANCH_PLAYBOOKS"] ?? "playbooks";
  const insecureDev = options.insecureDev === true;
  const config = faultsOf(() => loadConfig({ file, environment: io.env, insecureDev }));
  let playbooks = 0;
  const set = faultsOf(() => {
    const read = readSet({ directory, actions, facts: factNames(file) });
    playbooks = read.playbooks.length;
    if (read.faults.length > 0) throw new AppError("invalid_playbook", "faults", { faults: read.faults });
  });
  return { faults: [...config, ...set], playbooks };
}

function faultsOf(act: () => unknown): readonly Fault[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.faults.length > 0 ? error.faults : [{ message: error.message }];
  }
}

function factNames(file: string): readonly string[] {
  try {
    const read = readYaml(readFileSync(file, "utf8"), file);
    const facts: unknown = read.ok ? Object(read.file.value).facts : undefined;
    return Object.keys(Object(facts));
  } catch {
    return [];
  }
}
