import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ALERTMANAGER, ensurePrograms, PROMETHEUS, type Program, REDIS, remedy } from "./lib/packages.ts";

/** A tier of tests: its files, what must be installed, how long one test may take. */
type Tier = {
  files: string;
  except: readonly string[];
  needs: readonly Program[];
  timeoutMs: number;
  /** The whole tier, so that a test which leaves something open cannot hang it; far more than a slow machine needs. */
  deadlineMs: number;
  /** End-to-end and fault tests measure time and start many processes: one file at a time. */
  concurrency: number;
};

const TIERS: Readonly<Record<string, Tier>> = {
  unit: {
    files: "test/**/*.test.ts",
    except: ["test/e2e/", "test/fault/", "test/optin/"],
    needs: [REDIS],
    timeoutMs: 60_000,
    deadlineMs: 1_200_000,
    concurrency: Math.max(2, availableParallelism()),
  },
  e2e: {
    files: "test/e2e/**/*.test.ts",
    except: [],
    needs: [REDIS, PROMETHEUS, ALERTMANAGER],
    timeoutMs: 300_000,
    deadlineMs: 1_800_000,
    concurrency: 1,
  },
  fault: {
    files: "test/fault/**/*.test.ts",
    except: [],
    needs: [REDIS],
    timeoutMs: 600_000,
    deadlineMs: 3_600_000,
    concurrency: 1,
  },
};

const [name = "unit", ...only] = process.argv.slice(2);
process.exitCode = main(name, only);

/** Runs one tier, or only the files of it whose path contains one of `only`; 0 fine, 1 findings, 2 usage. */
function main(name: string, only: readonly string[]): number {
  const root = resolve(import.meta.dirname, "..");
  const tier = TIERS[name];
  if (tier === undefined) return complain(`no tier ${name}; there are ${Object.keys(TIERS).join(", ")}`);
  const missing = ensurePrograms(tier.needs, (line) => process.stdout.write(`${line}\n`));
  if (missing.length > 0) return complain(remedy(missing));
  const files = globSync(tier.files, { cwd: root })
    .filter((file) => !tier.except.some((folder) => file.startsWith(folder)))
    .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
    .sort();
  if (files.length === 0) return complain(`no test files in the tier ${name}`);
  return run(tier, root, files);
}

/** The readable report goes to the terminal; the runner's own closing lines (`# tests 12`) are printed last, for CI. */
function run(tier: Tier, root: string, files: readonly string[]): number {
  const scratch = mkdtempSync(join(tmpdir(), "stanch-tests-"));
  const tap = join(scratch, "report.tap");
  const result = spawnSync(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${tier.concurrency}`,
      `--test-timeout=${tier.timeoutMs}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=tap",
      `--test-reporter-destination=${tap}`,
      ...files,
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"], timeout: tier.deadlineMs },
  );
  const closing = readFileSync(tap, "utf8")
    .split("\n")
    .filter((line) => /^# [a-z_]+ [\d.]+$/.test(line))
    .slice(-8);
  process.stdout.write(`\n${closing.join("\n")}\n`);
  rmSync(scratch, { recursive: true, force: true });
  if (result.error)
    process.stderr.write(`stopped: ${result.error.message}; the limit is ${tier.deadlineMs / 1_000} s\n`);
  return result.status === 0 ? 0 : 1;
}

function complain(message: string): number {
  process.stderr.write(`${message}\n`);
  return 2;
}
