import type { ActionStep, ForEachStep, Playbook, Step, SwitchStep } from "../playbook/playbook.ts";
import type { Instant } from "../time.ts";
import { hasChanged } from "./changed.ts";
import type { Reach, RunEvent, StepPath } from "./events.ts";
import type { Run, StepRecord } from "./run.ts";
import { stepsOfBranch } from "./walk.ts";

/** Steps of one `group` that complete or are reverted together; within a `for-each` each round has its own. */
export type OpenGroup = { group: string; prefix: string; unfinished: boolean };

type Undoing = Extract<RunEvent, { type: "reverting" }>;
/** `rounds`: the rounds it is in, outermost first. */
type Place = { step: ActionStep; path: StepPath; rounds: readonly Round[] };
type Round = { loop: string; prefix: string };
type At = { prefix: string; rounds: readonly Round[] };

/**
 * The groups that have begun and are not complete; `unfinished` when a step of one still lies ahead. Steps of a case that was not
 * taken, of a skipped block and of rounds that never were do not belong to them.
 */
export function openGroups(run: Run, playbook: Playbook): readonly OpenGroup[] {
  const grouped = placesOf(run, playbook.steps, { prefix: "", rounds: [] }).filter(({ step }) => step.group);
  const instances = [...Map.groupBy(grouped, ({ step }) => step.group ?? "")].flatMap(([group, places]) =>
    instancesOf(places).map(([prefix, some]) => ({
      group,
      prefix,
      records: some.map(({ path }) => run.steps.get(path)),
    })),
  );
  return instances
    .filter(({ records }) => records.some(hasBegun) && !records.every(isComplete))
    .map(({ group, prefix, records }) => ({ group, prefix, unfinished: records.some(isAhead) }));
}

/**
 * Below which prefix a run at this place goes back one step: the latest round of its `for-each` that has changed something, or all
 * of it outside of rounds. Undefined when there is nothing to undo.
 */
export function lastChange(run: Run, path: StepPath): string | undefined {
  const changed = [...run.steps.values()].filter(hasChanged).map((record) => record.path);
  if (changed.length === 0) return undefined;
  const loop = [...run.rounds.keys()].filter((one) => path.startsWith(`${one}/`)).toSorted()[0];
  if (loop === undefined) return "";
  const rounds = run.rounds.get(loop)?.items.keys() ?? [];
  return [...rounds]
    .map((round) => `${loop}/${round}/`)
    .findLast((prefix) => changed.some((one) => one.startsWith(prefix)));
}

/** Why and when something is undone. */
type Why = { at: Instant; reason: string };

/** The undoing of the open groups, whatever else stays. */
export function groupsUndoing(run: Run, playbook: Playbook, why: Why): Undoing | undefined {
  return undoingOf(openReaches(run, playbook), why);
}

/** The undoing of everything below a prefix, and of the open groups: never half of one is left. */
export function undoingBelow(run: Run, playbook: Playbook, prefix: string, why: Why): Undoing {
  const others = openReaches(run, playbook).filter((open) => !open.prefix.startsWith(prefix));
  return { type: "reverting", ...why, prefix, ...(others.length > 0 && { also: others }) };
}

/**
 * What a run undoes after a step has failed or was not allowed: all that it has changed where `on-failure` says so, or else its open
 * groups, and the round that the step is in, where that has changed something.
 */
export function undoingAfter(run: Run, playbook: Playbook, failed: StepPath, why: Why): Undoing | undefined {
  if (run.mutated && playbook.onFailure.includes("revert")) return { type: "reverting", ...why, prefix: "" };
  const prefix = roundOf(run, failed);
  const isChanged =
    prefix !== undefined && [...run.steps.values()].some((one) => hasChanged(one) && one.path.startsWith(prefix));
  return isChanged ? undoingBelow(run, playbook, prefix, why) : groupsUndoing(run, playbook, why);
}

function openReaches(run: Run, playbook: Playbook): readonly Reach[] {
  return openGroups(run, playbook).map(({ prefix, group }) => ({ prefix, group }));
}

function undoingOf([first, ...also]: readonly Reach[], why: Why): Undoing | undefined {
  return first && { type: "reverting", ...why, ...first, ...(also.length > 0 && { also }) };
}

/** The prefix of the innermost round that a path is in; undefined outside of rounds. */
function roundOf({ rounds }: Run, path: StepPath): string | undefined {
  return [...rounds]
    .map(([loop, { done }]) => `${loop}/${done}/`)
    .filter((prefix) => path.startsWith(prefix))
    .toSorted((a, b) => b.length - a.length)[0];
}

function hasBegun(record: StepRecord | undefined): boolean {
  return record !== undefined && (record.outcome === "succeeded" || hasChanged(record));
}

function isComplete(record: StepRecord | undefined): boolean {
  return record?.outcome === "succeeded" || record?.outcome === "skipped";
}

function isAhead(record: StepRecord | undefined): boolean {
  return record?.state !== "done" || record.retryAt !== undefined;
}

/** One entry for each round of the innermost loop that holds the whole group. */
function instancesOf(places: readonly Place[]): readonly (readonly [string, readonly Place[]])[] {
  const depth = sharedLoops(places);
  return [...Map.groupBy(places, ({ rounds }) => rounds[depth - 1]?.prefix ?? "")];
}

function sharedLoops(places: readonly Place[]): number {
  const [first, ...rest] = places.map(({ rounds }) => rounds.map(({ loop }) => loop));
  const end = first?.findIndex((loop, index) => rest.some((loops) => loops[index] !== loop)) ?? 0;
  return end < 0 ? (first?.length ?? 0) : end;
}

/** Every action step that has been taken or may be, with its path. */
function placesOf(run: Run, steps: readonly Step[], at: At): readonly Place[] {
  return steps.flatMap((step) => placesAt(run, step, at));
}

function placesAt(run: Run, step: Step, { prefix, rounds }: At): readonly Place[] {
  const path = prefix + step.id;
  if (step.kind === "action") return [{ step, path, rounds }];
  if (step.kind === "wait" || run.steps.get(path)?.outcome === "skipped") return [];
  switch (step.kind) {
    case "parallel":
      return placesOf(run, step.steps, { prefix: `${path}/`, rounds });
    case "switch":
      return placesInSwitch(run, step, { prefix: path, rounds });
    case "for-each":
      return placesInRounds(run, step, { prefix: path, rounds });
    default:
      return step satisfies never;
  }
}

function placesInSwitch(run: Run, step: SwitchStep, { prefix, rounds }: At): readonly Place[] {
  const branch = run.branches.get(prefix);
  if (branch !== undefined)
    return placesOf(run, stepsOfBranch(step, branch), { prefix: `${prefix}/${branch}/`, rounds });
  const cases = step.cases.flatMap((one, index) => placesOf(run, one.steps, { prefix: `${prefix}/${index}/`, rounds }));
  return [...cases, ...placesOf(run, step.default, { prefix: `${prefix}/default/`, rounds })];
}

/** While its items are not known it may have one round. */
function placesInRounds(run: Run, step: ForEachStep, { prefix, rounds }: At): readonly Place[] {
  const count = run.rounds.get(prefix)?.items.length ?? 1;
  return Array.from({ length: count }, (_, round) => `${prefix}/${round}/`).flatMap((inside) =>
    placesOf(run, step.steps, { prefix: inside, rounds: [...rounds, { loop: step.id, prefix: inside }] }),
  );
}
