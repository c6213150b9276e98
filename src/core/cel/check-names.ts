import type { ASTNode } from "@marcbachmann/cel-js";
import { suggestion } from "../near.ts";
import { ALERT_FIELDS, INCIDENT_FIELDS } from "./environment.ts";
import { type Names, type Outputs, ROOTS, type Root } from "./names.ts";
import { childrenOf, type Loop, loopOf, pathOf, type Segment } from "./walk.ts";

/** A fault of an expression; `at` counts characters from its start. */
export type ExpressionFault = { message: string; at: number };

/** What an expression uses, and what is wrong with its names. */
export type NameReport = { roots: ReadonlySet<string>; reads: ReadonlySet<string>; faults: readonly ExpressionFault[] };

type Report = { roots: Set<string>; reads: Set<string>; faults: ExpressionFault[]; loops: number };
type Inside = { bound: readonly string[]; loops: number };
type Judge = (path: readonly Segment[], report: Report) => void;

/** Names of an expression over a scope: roots, facts, vars, steps and their fields. */
export function checkScopeNames(ast: ASTNode, names: Names): NameReport {
  return report(ast, (path, into) => judgeScope(path, names, into));
}

/** Names of an expectation: the output's fields. */
export function checkOutputNames(ast: ASTNode, output: Outputs | undefined): NameReport {
  const known = output === undefined || output.open ? undefined : [...output.fields.keys()];
  return report(ast, ([root], into) => {
    if (root === undefined) return;
    into.roots.add(root.name);
    if (known && !known.includes(root.name) && !isType(root.name)) {
      into.faults.push({ message: `the output has no field ${root.name}${suggestion(root.name, known)}`, at: root.at });
    }
  });
}

function report(ast: ASTNode, judge: Judge): NameReport {
  const made: Report = { roots: new Set(), reads: new Set(), faults: [], loops: 0 };
  visit(ast, { bound: [], loops: 0 }, { judge, made });
  return made;
}

type Visit = { judge: Judge; made: Report };

function visit(node: ASTNode, inside: Inside, by: Visit): void {
  const loop = loopOf(node);
  const path = loop ? undefined : pathOf(node);
  const [root] = path ?? [];
  if (node.op === "call" && node.args[0] === "label") by.made.roots.add("alert");
  if (loop) visitLoop(loop, inside, by);
  else if (callsBind(node)) by.made.faults.push({ message: "cel.bind is not supported", at: node.range.start });
  else if (path === undefined) for (const child of childrenOf(node)) visit(child, inside, by);
  else if (root && !inside.bound.includes(root.name)) by.judge(path, by.made);
}

function callsBind(node: ASTNode): boolean {
  return node.op === "rcall" && node.args[0] === "bind" && node.args[1].op === "id" && node.args[1].args === "cel";
}

/** Loops in one expression; without a limit each could double what the one before it made. */
const MOST_LOOPS = 4;

/** cel-js has no limit of cost, so a loop within a loop may only run over a list that is written out. */
function visitLoop(loop: Loop, inside: Inside, by: Visit): void {
  by.made.loops += 1;
  if (by.made.loops === MOST_LOOPS + 1) {
    by.made.faults.push({ message: `more than ${MOST_LOOPS} loops in one expression`, at: loop.over.range.start });
  }
  const writtenOut = loop.over.op === "list";
  if (inside.loops > 0 && !(writtenOut && inside.loops === 1)) {
    const message = "a loop within a loop may only run over a list that is written out";
    by.made.faults.push({ message, at: loop.over.range.start });
    return;
  }
  visit(loop.over, inside, by);
  const within = { bound: [...inside.bound, loop.variable], loops: inside.loops + 1 };
  for (const body of loop.bodies) visit(body, within, by);
}

const TYPES: ReadonlySet<string> = new Set([
  "string",
  "bool",
  "int",
  "uint",
  "double",
  "map",
  "list",
  "bytes",
  "null_type",
  "type",
]);

function isType(name: string): boolean {
  return TYPES.has(name) || name === "optional" || name === "google";
}

function judgeScope(path: readonly Segment[], names: Names, into: Report): void {
  const [root, first] = path;
  if (root === undefined || isType(root.name) || names.items.includes(root.name)) {
    if (root && names.items.includes(root.name)) into.roots.add(root.name);
    return;
  }
  if (!isRoot(root.name)) {
    const known = [...ROOTS, ...names.items];
    into.faults.push({ message: `unknown name ${root.name}${suggestion(root.name, known)}`, at: root.at });
    return;
  }
  into.roots.add(root.name);
  MEMBERS[root.name]?.({ path, first, at: root.at, names, into });
}

function isRoot(name: string): name is Root {
  return ROOTS.some((root) => root === name);
}

type Member = { path: readonly Segment[]; first: Segment | undefined; at: number; names: Names; into: Report };

/** How the members of a root are checked; roots that are missing here are plain values. */
const MEMBERS: Readonly<Partial<Record<Root, (member: Member) => void>>> = {
  alert: ({ first, into }) => judgeMember(first, ALERT_FIELDS, "an alert has no field", into),
  incident: ({ first, into }) => judgeMember(first, INCIDENT_FIELDS, "an incident has no field", into),
  facts: (member) => {
    if (!namedMember(member, "facts")) return;
    member.into.reads.add(member.first?.name ?? "");
    judgeMember(member.first, member.names.facts, "there is no fact", member.into);
  },
  vars: (member) => {
    if (namedMember(member, "vars"))
      judgeMember(member.first, [...member.names.vars.keys()], "there is no var", member.into);
  },
  steps: (member) => {
    if (namedMember(member, "steps")) judgeStep(member);
  },
};

function judgeMember(member: Segment | undefined, known: readonly string[], problem: string, into: Report): void {
  if (member === undefined || known.includes(member.name)) return;
  into.faults.push({ message: `${problem} ${member.name}${suggestion(member.name, known)}`, at: member.at });
}

/** What is not named cannot be checked at load, nor be measured again before a step. */
function namedMember({ first, at, into }: Member, root: string): boolean {
  if (first === undefined) into.faults.push({ message: `name what is read, like ${root}.NAME`, at });
  return first !== undefined;
}

function judgeStep({ path, first, names, into }: Member): void {
  if (first === undefined) return;
  if (names.later.includes(first.name)) {
    into.faults.push({ message: `step ${first.name} comes later, so nothing is known of it here`, at: first.at });
    return;
  }
  const before = into.faults.length;
  judgeMember(first, [...names.steps.keys()], "there is no step", into);
  if (into.faults.length > before) return;
  judgeMember(path[2], ["outcome", "output"], `step ${first.name} has no`, into);
  const output = names.steps.get(first.name);
  if (path[2]?.name !== "output" || output === undefined || output.open) return;
  judgeMember(path[3], [...output.fields.keys()], `the output of ${first.name} has no field`, into);
}
