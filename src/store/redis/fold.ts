import type { Check, Tx, Write } from "../../core/store.ts";
import { writeBody } from "../forms/index.ts";
import { type Argument, CHECK_OPS, listed, type Op, RUN_OPS } from "./check-ops.ts";
import { packWrite } from "./write-ops.ts";

type Of<K extends Check["check"]> = Extract<Check, { check: K }>;

/** Checks of one kind that follow each other; the script asks one question for all of them. */
export type Run = readonly Check[];

/** Checks in their order, each with the alike ones right behind it. */
export function foldChecks(checks: readonly Check[]): readonly Run[] {
  const runs: Check[][] = [];
  let kind: string | undefined;
  for (const check of checks) {
    const next = kindOf(check);
    if (next !== undefined && next === kind) runs.at(-1)?.push(check);
    else runs.push([check]);
    kind = next;
  }
  return runs;
}

/** Checks of one kind can be asked together; undefined: each by itself. */
function kindOf(check: Check): string | undefined {
  if (check.check === "first") return `first ${check.source}`;
  return isAbsence(check) ? "absent" : undefined;
}

function isAbsence(check: Check): check is Of<"rev"> {
  return check.check === "rev" && check.rev === 0;
}

/** Name and arguments of a run. */
export function packRun(run: Run): readonly Argument[] {
  const [first] = run;
  if (first === undefined) return [];
  if (run.length === 1) return [first.check, ...(CHECK_OPS[first.check] as Op<Check>).pack(first)];
  if (first.check === "first") return ["firsts", ...RUN_OPS.firsts.pack(run as readonly Of<"first">[])];
  return ["absent", ...RUN_OPS.absent.pack(run as readonly Of<"rev">[])];
}

/** Documents to create and members of sorted indexes, each brought together, and the other writes in their order. */
type Folded = {
  /** Names of documents that do not exist so far. */
  absent: Set<string>;
  created: string[];
  indexed: Map<string, Argument[]>;
  /** Indexes that something was removed from so far. */
  cut: Set<string>;
  others: Argument[];
};

/**
 * Writes as arguments of the script, what concerns many alike first and at one go. Only what no earlier write of the transaction
 * touches is brought forward, so that the outcome is that of one write after another.
 */
export function foldWrites({ checks, writes }: Tx): readonly Argument[] {
  const folded: Folded = { absent: new Set(), created: [], indexed: new Map(), cut: new Set(), others: [] };
  for (const check of checks) if (isAbsence(check) && check.kind !== "pause") folded.absent.add(nameOf(check));
  for (const write of writes) fold(folded, write);
  const { created, indexed, others } = folded;
  const indexes = [...indexed].map(([index, members]) => listed(["index", index], members));
  const made = created.length === 0 ? [] : listed(["create"], created);
  return made.concat(...indexes, others);
}

function fold({ absent, created, indexed, cut, others }: Folded, write: Write): void {
  switch (write.write) {
    case "put":
      if (!absent.delete(nameOf(write))) break;
      created.push(nameOf(write), `1 ${writeBody(write.kind, write.body)}`);
      return;
    case "index":
      if (cut.has(write.index)) break;
      membersOf(indexed, write.index).push(write.score, write.member);
      return;
    case "delete":
      absent.delete(nameOf(write));
      break;
    case "expire":
      absent.delete(write.name);
      break;
    case "unindex":
    case "trim":
      cut.add(write.index);
      break;
  }
  for (const one of packWrite(write)) others.push(one);
}

function nameOf({ kind, id }: { kind: string; id: string }): string {
  return `${kind}:${id}`;
}

function membersOf(indexed: Map<string, Argument[]>, index: string): Argument[] {
  const found = indexed.get(index);
  if (found) return found;
  const made: Argument[] = [];
  indexed.set(index, made);
  return made;
}

/** Documents that a check of the same transaction has found absent: their number, doubled, then name and text of each. */
export const CREATE = {
  lua: `
      local last = i + 1 + A[i+1]
      for k = i + 2, last, 2 do A[k] = P .. 'doc:' .. A[k] end
      for k = i + 2, last, 1000 do call('MSET', unpack(A, k, math.min(k + 999, last))) end
      i = last + 1`,
};
