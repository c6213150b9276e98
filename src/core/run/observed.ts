import type { Run, StepRecord } from "./run.ts";

/** Begins the reason of what `observe` leaves out; the run of another level would take the step. */
const OBSERVE = "observe: ";
const PENDING = `${OBSERVE}pending: `;

/** Whether a step was left out only because the run observes: its outcome and output are not known, as if it still lay ahead. */
export function isObservedOnly(run: Run, { outcome, reason }: StepRecord): boolean {
  return run.created.autonomy === "observe" && outcome === "skipped" && reason?.startsWith(OBSERVE) === true;
}

/**
 * Why a step that cannot be rendered is pending in an observed plan: its `text` names a step that was left out, or one in a block
 * that was. Undefined where a run that acts could not know it either.
 */
export function pendingReason(run: Run, text: string, why: string): string | undefined {
  const records = [...run.steps.values()];
  const left = records.filter((record) => isObservedOnly(run, record));
  const leftOut = new Set(left.map(idOf));
  const known = new Set(records.map(idOf));
  const hasPending = left.some(({ reason }) => reason?.startsWith(PENDING));
  const names = [...`${text} ${why}`.matchAll(/\bsteps(?:\.|\[["'])([A-Za-z_]\w*)/g)].map(([, id = ""]) => id);
  const awaits = names.some((id) => leftOut.has(id) || (hasPending && !known.has(id)));
  return awaits ? `${PENDING}it needs what is known only after the changes before it (${why})` : undefined;
}

function idOf({ path }: StepRecord): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
