import type { Command } from "commander";
import type { Io } from "./io.ts";

export type DoctorOptions = { config?: string; playbooks?: string; json?: boolean; insecureDev?: boolean };

/** `doctor`: looks at everything that stanch needs and says what is missing and what to do; it changes nothing. */
export function addDoctorCommand(program: Command, io: Io): void {
  program
    .command("doctor")
    .description("check configuration, playbooks, Redis, Slack and connections; says what is missing, changes nothing")
    .option("--config <file>", "the configuration (default: STANCH_CONFIG, else stanch.yaml)")
    .option("--playbooks <directory>", "the playbooks (default: STANCH_PLAYBOOKS, else playbooks)")
    .option("--insecure-dev", "do not ask for credentials of sources and API")
    .option("--json", "print what was found as JSON")
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import("./doctor-report.ts");
      await doctor(io, options);
    });
}
