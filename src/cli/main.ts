import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

/** Beside the packages, and not in a temporary directory where others could put code of theirs. */
const COMPILED = fileURLToPath(new URL("../../node_modules/.cache/stanch", import.meta.url));

/**
 * The command line of a process, from its arguments to its exit code; the environment goes on as a value. What V8 compiled is
 * kept for the next start, which saves time and, running the sources, tens of megabytes; where it cannot be written, it is not.
 */
export async function main(self: NodeJS.Process): Promise<void> {
  enableCompileCache(COMPILED);
  const { runCli } = await import("./run.ts");
  const { stdout, stderr, stdin, env } = self;
  // `stanch incidents | head` closes the pipe early: that is no error.
  stdout.on("error", () => self.exit(0));
  const code = await runCli(self.argv.slice(2), {
    env,
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    color: stdout.isTTY === true && !env["NO_COLOR"],
    columns: stdout.isTTY ? stdout.columns : undefined,
    now: () => Date.now(),
    async stdin() {
      let text = "";
      for await (const chunk of stdin.setEncoding("utf8")) text += chunk;
      return text;
    },
    onSignal(names, act) {
      for (const name of names) self.on(name, act);
      return () => {
        for (const name of names) self.off(name, act);
      };
    },
  });
  self.exitCode = code;
  // What is still open (a connection that a server holds) must not keep a finished command; pipes are flushed first.
  stdout.write("", () => self.exit(code));
}
