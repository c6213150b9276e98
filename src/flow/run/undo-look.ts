import type { Lease } from "../../core/lease.ts";
import type { Check } from "../../core/store.ts";
import { lookAtKept } from "../lease-kept.ts";
import { nextYounger } from "../lease-stack.ts";
import type { Turn } from "./turn.ts";

/** What came between a lease's end and its undoing: nothing (as long as the checks hold), or why it is over or waits. */
export type UndoLook =
  | { kind: "go"; checks: readonly Check[] }
  | { kind: "over"; reason: string }
  | { kind: "wait"; reason: string };

const KEPT = "a later change of the same is kept";
const YOUNGER = "a later change of the same has a lease of its own";

/** Whether a run that undoes a lease ended for what came between, which may have gone since. */
export function isOvertaken(reason: string): boolean {
  return reason === KEPT || reason === YOUNGER;
}

/** Looks at the lease that this run undoes once more; a run that undoes none may go. */
export async function lookBeforeUndo({ deps, run }: Pick<Turn, "deps" | "run">): Promise<UndoLook> {
  const { lease: id } = run.created;
  const lease = id === undefined ? undefined : await deps.store.get<Lease>("lease", id);
  if (!lease) return { kind: "go", checks: [] };
  const { kept, unchanged } = await lookAtKept(deps, lease.body);
  if (kept?.settled) return { kind: "over", reason: KEPT };
  if (kept) return { kind: "wait", reason: `what ${kept.by} chose to keep may still go back with its run` };
  const younger = await nextYounger(deps.store, lease.body);
  if (younger?.body.status === "reverting") return { kind: "wait", reason: `lease ${younger.body.id} is undone first` };
  return younger ? { kind: "over", reason: YOUNGER } : { kind: "go", checks: [unchanged] };
}
