import type { Move, MoveInputs } from "./move.ts";
import type { Run, StepRecord } from "./run.ts";

/**
 * The move of a run of which a call may have taken effect, as nobody knows its outcome: its repeat settles that, and where the run would
 * go on or end without one, people are asked. Any other move stays as it is.
 */
export function askWhereOpen(run: Run, move: Move, inputs: MoveInputs): Move {
  const record = [...run.steps.values()].find(({ state, open }) => state === "done" && open !== undefined);
  if (record?.open === undefined || leadsToRepeat(move, record)) return move;
  const { path, message, open, attempt } = record;
  const repeat = attempt > open.attempt || message !== open.message ? `; the repeat: ${message}` : "";
  const question = questionOf(record, `${open.message}${repeat}`, inputs);
  return { kind: "record", events: [{ type: "unknown", at: inputs.now, path, question }] };
}

/** What people are asked about a step that may have taken effect. */
export function questionOf({ uses, input }: StepRecord, why: string, { actions }: Pick<MoveInputs, "actions">): string {
  return `did this take effect: ${actions.get(uses)?.describe(input) ?? uses}? (${why})`;
}

function leadsToRepeat(move: Move, { path, retryAt }: StepRecord): boolean {
  if (retryAt === undefined) return false;
  if (move.kind === "execute") return move.steps.some((step) => step.path === path);
  return move.kind === "wait" || move.kind === "measure" || move.kind === "idle" || move.kind === "withdraw";
}
