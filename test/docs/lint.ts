import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../src/cli/run.ts";

/** What is linted: the text of a configuration, and a folder of playbooks or the text of one. */
export type Linted = { config: string; playbooks?: string; playbook?: string };

/**
 * Runs `stanch lint --strict` and returns what it complains of, nothing when all is well. Every `${env:NAME}` has a value, and every
 * `${file:PATH}` is taken for one, since the files of another machine are not here.
 */
export async function lint({ config, playbooks, playbook }: Linted): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), "stanch-lint-"));
  try {
    const text = config.replace(/\$\{file:[^}]+\}/g, "secret-from-a-file");
    const env = Object.fromEntries(
      [...text.matchAll(/\$\{env:([A-Z_]+)\}/g)].map(([, name = ""]) => [name, dummy(name)]),
    );
    writeFileSync(join(dir, "stanch.yaml"), text);
    const own = join(dir, "playbooks");
    mkdirSync(own);
    if (playbook !== undefined) writeFileSync(join(own, "playbook.yaml"), playbook);
    return await run(["lint", "--strict", "--config", join(dir, "stanch.yaml"), "--playbooks", playbooks ?? own], env);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  const code = await runCli(args, {
    env,
    out: keep,
    err: keep,
    color: false,
    now: () => 0,
    stdin: async () => "",
    onSignal: () => () => {},
  });
  return code === 0 ? [] : [`exit code ${code}`, ...lines];
}

function dummy(name: string): string {
  if (name.endsWith("_URL")) return "http://127.0.0.1:1";
  return name.endsWith("AUTONOMY") ? "auto" : "a-dummy-secret";
}
