import { type Command, Option } from "commander";
import type { Role } from "../app.ts";
import type { Io } from "./io.ts";

export type ServeOptions = { role: Role; insecureDev?: boolean; host?: string };

/** `serve`: runs until SIGTERM or SIGINT, finishes what is under way, and reads the playbooks anew on SIGHUP. */
export function addServeCommand(program: Command, io: Io): void {
  program
    .command("serve")
    .description("run the service")
    .addOption(new Option("--role <role>", "what this process does").choices(["all", "web", "worker"]).default("all"))
    .option("--host <address>", "the address to listen on", "0.0.0.0")
    .option("--insecure-dev", "ask for no credentials, and listen on this machine only")
    .action(async (options: ServeOptions) => {
      // The service is most of the code; the other commands should not wait for it.
      const { serve } = await import("./service.ts");
      await serve(io, options);
    });
}
