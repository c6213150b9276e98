import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

const ROOT = resolve(import.meta.dirname, "../..");

/** Runs the demo as a person would and returns its exit code, what it printed and how long it took. */
async function demo(...args: string[]): Promise<{ code: number | null; output: string; seconds: number }> {
  const started = performance.now();
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], NO_COLOR: "1" };
  const child = spawn(process.execPath, [join(ROOT, "scripts/demo.ts"), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, seconds: (performance.now() - started) / 1000 };
}

const CHAPTERS = [
  "The provider fails",
  "The alert arrives",
  "It is classified",
  "The playbook acts",
  "Recovery is measured",
  "The incident closes",
  "The timeline of inc-",
];

describe("npm run demo", () => {
  for (const mode of [[], ["--recorded"]]) {
    it(`tells the whole story ${mode.join(" ")}`, async () => {
      const { code, output, seconds } = await demo(...mode);
      assert.equal(code, 0, output);
      assert.ok(seconds < 200, `${seconds} s`);
      let from = 0;
      for (const chapter of CHAPTERS) {
        const at = output.indexOf(chapter, from);
        assert.notEqual(at, -1, `${chapter} comes next in:\n${output}`);
        from = at;
      }
      assert.match(output, /set FALLBACK_ENABLED: false -> true/);
      assert.equal(output.includes("recorded Alertmanager notifications"), mode.length > 0);
    });
  }
});
