import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";

const MAIN = new URL("../../src/main.ts", import.meta.url);

describe("the process", () => {
  test("an old Node is told what is missing in one line, exit code 2, before anything is loaded", () => {
    const code = stripTypeScriptTypes(readFileSync(MAIN, "utf8"));
    for (const version of ["12.22.0", "18.20.0", "20.20.2", "22.18.0"]) {
      const lines: string[] = [];
      const self = {
        versions: { node: version },
        stderr: { write: (line: string) => lines.push(line) },
        exitCode: undefined,
      };
      runInNewContext(code, { process: self });
      assert.deepEqual(lines, [`stanch needs Node 22.19 or newer; this is Node ${version}\n`]);
      assert.equal(self.exitCode, 2);
    }
    assert.doesNotMatch(code, /^\s*(import|export)\b(?!\()/m, "a static import would be loaded first");
  });

  test("exit codes reach the shell", async () => {
    assert.equal((await run("--version")).code, 0);
    assert.equal((await run("nonsense")).code, 2);
    const refused = await run("incidents", "--url", "http://127.0.0.1:9");
    assert.equal(refused.code, 1);
    assert.equal(refused.stdout, "");
  });
});

async function run(...args: string[]): Promise<{ code: number; stdout: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN.pathname, ...args], { env: {} });
    return { code: 0, stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, stdout };
  }
}
