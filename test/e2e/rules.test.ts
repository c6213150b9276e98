import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { fill } from "../../scripts/lib/monitoring.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "stanch-rules-"));

/** Prometheus' and Alertmanager's own checkers on every file that we ship or use. */
describe("rules and configuration files", () => {
  after(() => rmSync(scratch, { recursive: true, force: true }));

  const passes = (command: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    assert.equal(status, 0, `${args.join(" ")}\n${stdout}${stderr}`);
  };
  const filled = (path: string) => {
    const values = {
      GATEWAY: "127.0.0.1:1",
      ALERTMANAGER: "127.0.0.1:2",
      WEBHOOK: "http://a/b",
      SINK: "http://a/c",
      TOKEN: "t",
    };
    const target = join(scratch, path.replaceAll("/", "-"));
    writeFileSync(target, fill(readFileSync(join(ROOT, path), "utf8"), values));
    return target;
  };

  for (const path of globSync(["deploy/prometheus/*.rules.yml", "demo/rules.yml"], { cwd: ROOT })) {
    it(`promtool accepts ${path}`, () => passes("promtool", "check", "rules", join(ROOT, path)));
  }
  for (const path of ["demo/prometheus.yml", "deploy/compose/prometheus.yml"]) {
    it(`promtool accepts ${path}`, () => passes("promtool", "check", "config", "--syntax-only", filled(path)));
  }
  for (const path of [
    "demo/alertmanager.yml",
    "deploy/compose/alertmanager.yml",
    "test/e2e/fixtures/alertmanager.yml",
  ]) {
    it(`amtool accepts ${path}`, () => passes("amtool", "check-config", filled(path)));
  }
});
