import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Finding, GOALS, type Goal, reaches } from "./harness/gates.ts";
import { short } from "./harness/statistics.ts";
import { PARTS } from "./parts.ts";

const USAGE = `npm run bench -- [${Object.keys(PARTS).join("|")}]... [--gate] [--rounds N] [--seconds S]`;

/** Runs the parts that are named (all, without a name), prints a table and writes the figures as JSON. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { gate: { type: "boolean" }, rounds: { type: "string" }, seconds: { type: "string" } },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
  const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) {
    console.error(`there is no part ${unknown}; ${USAGE}`);
    return 2;
  }
  const options = { rounds: Number(values.rounds ?? 7), seconds: Number(values.seconds ?? 2), say: console.log };
  const findings: Finding[] = [];
  for (const name of names) findings.push(...((await PARTS[name]?.(options)) ?? []));
  console.log(`\n${table(findings)}`);
  console.log(`\n${write(names, findings)}`);
  return values.gate === true && findings.some(misses) ? 1 : 0;
}

function goalOf({ id }: Finding): Goal {
  const goal = GOALS.find((one) => one.id === id);
  if (!goal) throw new Error(`no goal is called ${id}`);
  return goal;
}

function misses(finding: Finding): boolean {
  const goal = goalOf(finding);
  return finding.value !== undefined && !reaches(goal, goal.gate, finding.value);
}

function table(findings: readonly Finding[]): string {
  const head = ["goal", "measured", "gate", "stretch", "", "pairs"];
  const rows = findings.map((finding) => {
    const goal = goalOf(finding);
    const sign = goal.side === "at-least" ? "≥" : "≤";
    const limit = (value: number): string => `${sign} ${short(value)}`;
    const measured = finding.value === undefined ? "–" : `${short(finding.value)} ${goal.unit}`;
    return [goal.what, measured, limit(goal.gate), limit(goal.stretch), verdict(goal, finding), finding.note];
  });
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function verdict(goal: Goal, { value }: Finding): string {
  if (value === undefined) return "not measured";
  if (reaches(goal, goal.stretch, value)) return "stretch";
  return reaches(goal, goal.gate, value) ? "reached" : "MISSED";
}

/** The figures for other programs; the machine stands with them, since only ratios can be compared elsewhere. */
function write(parts: readonly string[], findings: readonly Finding[]): string {
  const directory = join(import.meta.dirname, "results");
  mkdirSync(directory, { recursive: true });
  const at = new Date().toISOString();
  const file = join(directory, `${at.replace(/[:.]/g, "-")}.json`);
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const rows = findings.map((finding) => ({ ...goalOf(finding), ...finding, missed: misses(finding) }));
  writeFileSync(file, `${JSON.stringify({ at, parts, machine, findings: rows }, null, 2)}\n`);
  return `written to ${file}`;
}

// The processes and servers of a part end when this one exits, also when somebody stops it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
