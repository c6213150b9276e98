import type { ActionStep, ForEachStep, ParallelStep, Step, SwitchStep, WaitStep } from "../playbook/playbook.ts";
import type { Scope } from "../scope.ts";
import type { StepPath } from "./events.ts";
import type { Run, StepRecord } from "./run.ts";
import { lastSeen } from "./verify-move.ts";

/** The first place in a playbook that still needs something, found by walking its tree beside the journal. */
export type Position =
  | { kind: "action"; step: ActionStep; path: StepPath; record?: StepRecord; item?: Item }
  | { kind: "parallel"; step: ParallelStep; path: StepPath; steps: readonly Place<ActionStep>[]; item?: Item }
  | { kind: "switch"; step: SwitchStep; path: StepPath; item?: Item }
  | { kind: "rounds"; step: ForEachStep; path: StepPath; item?: Item }
  /** The steps of this round are done; what is left is its wait and its verification. */
  | { kind: "round-end"; step: ForEachStep; path: StepPath; round: number; waitingUntil?: number }
  | { kind: "wait"; step: WaitStep; path: StepPath; item?: Item }
  | { kind: "failed"; path: StepPath; record?: StepRecord; message: string }
  | { kind: "end" };

export type Item = NonNullable<Scope["item"]>;
type Place<S extends Step> = { step: S; path: StepPath; record?: StepRecord };

/** Walks `steps` in order; pure, and the same for the same journal. */
export function positionIn(run: Run, steps: readonly Step[], prefix = "", item?: Item): Position {
  for (const step of steps) {
    const position = positionAt(run, step, prefix + step.id, item);
    if (position.kind !== "end") return position;
  }
  return { kind: "end" };
}

function positionAt(run: Run, step: Step, path: StepPath, item?: Item): Position {
  const inside = item === undefined ? {} : { item };
  const record = run.steps.get(path);
  if (step.kind !== "action" && record?.outcome === "failed") return failedAt(path, record);
  switch (step.kind) {
    case "action":
      return actionPosition(step, path, record, item);
    case "parallel":
      return record?.outcome === "skipped" ? { kind: "end" } : parallelPosition(run, step, path, item);
    case "wait":
      return record?.state === "done" ? { kind: "end" } : { kind: "wait", step, path, ...inside };
    case "switch": {
      if (record?.outcome === "skipped") return { kind: "end" };
      const branch = run.branches.get(path);
      if (branch === undefined) return { kind: "switch", step, path, ...inside };
      return positionIn(run, stepsOfBranch(step, branch), `${path}/${branch}/`, item);
    }
    case "for-each":
      return record?.outcome === "skipped" ? { kind: "end" } : roundsPosition(run, step, path, item);
    default:
      return step satisfies never;
  }
}

/** The steps of the case that was taken; none when no case held and there is no default. */
export function stepsOfBranch(step: SwitchStep, branch: number | "default" | "none"): readonly Step[] {
  if (branch === "none") return [];
  return branch === "default" ? step.default : (step.cases[branch]?.steps ?? []);
}

function actionPosition(step: ActionStep, path: StepPath, record: StepRecord | undefined, item?: Item): Position {
  const position: Position = {
    kind: "action",
    step,
    path,
    ...(record === undefined ? {} : { record }),
    ...(item === undefined ? {} : { item }),
  };
  if (record?.state !== "done" || record.retryAt !== undefined) return position;
  if (record.outcome !== "failed" || step.continueOnError) return { kind: "end" };
  return failedAt(path, record);
}

function failedAt(path: StepPath, record: StepRecord): Position {
  return { kind: "failed", path, record, message: record.message ?? record.reason ?? "failed" };
}

function parallelPosition(run: Run, step: ParallelStep, path: StepPath, item?: Item): Position {
  const at = (inner: ActionStep) => `${path}/${inner.id}`;
  const places = step.steps.map((inner) => actionPosition(inner, at(inner), run.steps.get(at(inner)), item));
  const open = places.filter((place) => place.kind === "action");
  if (open.length > 0) return { kind: "parallel", step, path, steps: open, ...(item === undefined ? {} : { item }) };
  return places.find((place) => place.kind === "failed") ?? { kind: "end" };
}

function roundsPosition(run: Run, step: ForEachStep, path: StepPath, outer?: Item): Position {
  const rounds = run.rounds.get(path);
  if (rounds === undefined) return { kind: "rounds", step, path, ...(outer === undefined ? {} : { item: outer }) };
  if (rounds.failed) {
    const message = `round ${rounds.done + 1} did not hold${lastSeen(run, `${path}/${rounds.done}`)}`;
    return { kind: "failed", path, message };
  }
  const round = rounds.done;
  if (round >= rounds.items.length) return { kind: "end" };
  const item = { ...outer, [step.as]: rounds.items[round] };
  const inside = positionIn(run, step.steps, `${path}/${round}/`, item);
  if (inside.kind !== "end") return inside;
  const waiting = rounds.waitingUntil === undefined ? {} : { waitingUntil: rounds.waitingUntil };
  return { kind: "round-end", step, path, round, ...waiting };
}

/** What the items of the rounds around a place are; `r/1` is a round itself. Undefined outside of rounds. */
export function itemAt(run: Run, steps: readonly Step[], path: StepPath): Item | undefined {
  return itemWithin(run, steps, { prefix: "", parts: path.split("/"), item: undefined });
}

type Inside = { prefix: string; parts: readonly string[]; item: Item | undefined };

function itemWithin(run: Run, steps: readonly Step[], { prefix, parts, item }: Inside): Item | undefined {
  const [id = "", inner, ...rest] = parts;
  const step = steps.find((one) => one.id === id);
  if (step === undefined || inner === undefined) return item;
  const path = `${prefix}${id}`;
  const inside = { prefix: `${path}/${inner}/`, parts: rest, item };
  switch (step.kind) {
    case "for-each":
      return itemWithin(run, step.steps, {
        ...inside,
        item: { ...item, [step.as]: run.rounds.get(path)?.items[Number(inner)] },
      });
    case "switch":
      return itemWithin(run, stepsOfBranch(step, inner === "default" ? inner : Number(inner)), inside);
    default:
      return item;
  }
}
