import type { Command } from "commander";
import type { Io } from "./io.ts";

export type LintOptions = {
  config?: string;
  playbooks?: string;
  json?: boolean;
  insecureDev?: boolean;
  strict?: boolean;
};

/** `lint`: checks the configuration and every playbook, and prints all faults with their places. */
export function addLintCommand(program: Command, io: Io): void {
  program
    .command("lint")
    .description("check the configuration and the playbooks; every fault is printed with its place")
    .option("--config <file>", "the configuration (default: STANCH_CONFIG, else stanch.yaml)")
    .option("--playbooks <directory>", "the playbooks (default: STANCH_PLAYBOOKS, else playbooks)")
    .option("--insecure-dev", "do not ask for credentials of sources and API")
    .option("--strict", "a playbook for a system that this installation does not have is a fault, too")
    .option("--json", "print the faults as JSON")
    .action(async (options: LintOptions) => {
      const { lint } = await import("./check.ts");
      lint(io, options);
    });
}
