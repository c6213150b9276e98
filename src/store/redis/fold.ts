import type { Check, Tx, Write } from "../../core/store.ts";
import { writeBody } from "../forms/index.ts";
import { CHECK_OPS, listed, type Op, RUN_OPS } from "./check-ops.ts";
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

/** Adds name and arguments of a run. */
export function packRun(run: Run, out: string[]): void {
  const [first] = run;
  if (first === undefined) return;
  if (run.length === 1) {
    out.push(first.check);
    (CHECK_OPS[first.check] as Op<Check>).pack(first, out);
  } else if (first.check === "first") {
    out.push("firsts");
    RUN_OPS.firsts.pack(run as readonly Of<"first">[], out);
  } else {
    out.push("absent");
    RUN_OPS.absent.pack(run as readonly Of<"rev">[], out);
  }
}

/** Documents to create and members of sorted indexes, each brought together, and the other writes in their order. */
type Folded = {
  /** Names of documents that do not exist so far. */
  absent: Set<string>;
  created: string[];
  indexed: Map<string, string[]>;
  /** Indexes that something was removed from so far. */
  cut: Set<string>;
  others: Write[];
};

/**
 * Adds the writes as arguments of the script, what concerns many alike first and at one go. Only what no earlier write of the transaction
 * touches is brought forward, so that the outcome is that of one write after another.
 */
export function packWrites({ checks, writes }: Tx, out: string[]): void {
  if (!writes.some(isFolded)) {
    for (const write of writes) packWrite(write, out);
    return;
  }
  const folded: Folded = { absent: new Set(), created: [], indexed: new Map(), cut: new Set(), others: [] };
  for (const check of checks) if (isAbsence(check) && check.kind !== "pause") folded.absent.add(nameOf(check));
  for (const write of writes) fold(folded, write);
  const { created, indexed, others } = folded;
  if (created.length > 0) {
    out.push("create");
    listed(created, out);
  }
  for (const [index, members] of indexed) {
    out.push("index", index);
    listed(members, out);
  }
  for (const write of others) packWrite(write, out);
}

/** Whether a write is of a kind that is brought together with alike ones; most commits have none. */
function isFolded({ write }: Write): boolean {
  return write === "put" || write === "index";
}

function fold({ absent, created, indexed, cut, others }: Folded, write: Write): void {
  switch (write.write) {
    case "put":
      if (!absent.delete(nameOf(write))) break;
      created.push(nameOf(write), `1 ${writeBody(write.kind, write.body)}`);
      return;
    case "index":
      if (cut.has(write.index)) break;
      membersOf(indexed, write.index).push(`${write.score}`, write.member);
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
  others.push(write);
}

function nameOf({ kind, id }: { kind: string; id: string }): string {
  return `${kind}:${id}`;
}

function membersOf(indexed: Map<string, string[]>, index: string): string[] {
  const found = indexed.get(index);
  if (found) return found;
  const made: string[] = [];
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
