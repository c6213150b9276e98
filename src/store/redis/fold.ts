import type { Check, Tx, Write } from "../../core/store.ts";
import { writeBody } from "../forms/index.ts";
import { CHECK_OPS, type Op, RUN_OPS } from "./check-ops.ts";
import { CREATE, packWrite } from "./write-ops.ts";

type Argument = string | number;
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
  const args: Argument[] = folded.created.length === 0 ? [] : ["create", ...CREATE.pack(folded.created)];
  for (const [index, members] of folded.indexed) args.push("index", index, members.length, ...members);
  return [...args, ...folded.others];
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
  others.push(...packWrite(write));
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
