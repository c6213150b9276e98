import type { Lease } from "../../core/lease.ts";
import type { EndState, RunEvent } from "../../core/run/events.ts";
import type { Move } from "../../core/run/move.ts";
import type { Run } from "../../core/run/run.ts";
import type { Write } from "../../core/store.ts";
import { cooldownMarker, RUNNING, returned } from "./budgets.ts";
import { demotionExtra } from "./demotion.ts";
import { undoneMarker } from "./guard-reads.ts";
import { inboxRead, letGo, type Progress } from "./progress.ts";
import { keepHeld } from "./save-outcome.ts";
import { SEAL_AFTER } from "./seal.ts";
import { nowOf, type Turn, withEvents } from "./turn.ts";
import { withdrawApproval } from "./withdraw.ts";

/**
 * Ends a run: one commit that journals the end, frees its locks and its place among the running, starts the cooldown, withdraws
 * an approval that nobody answered, and wakes the incident (or the lease) that waits for it. A decision that came meanwhile is journaled
 * first, so that people read what became of it.
 */
export async function finishRun(turn: Turn, move: Extract<Move, { kind: "finish" }>): Promise<Progress> {
  const [withdrawal, demotion, marks] = await Promise.all([
    withdrawApproval(turn),
    demotionExtra(turn, move),
    undoneMarks(turn, move.state),
  ]);
  const ended = withEvents(turn, [endEvent(turn, move)]);
  const progress = await letGo(ended, nowOf(turn) + SEAL_AFTER, {
    checks: [inboxRead(turn.run), ...(withdrawal.checks ?? []), ...(demotion.checks ?? [])],
    writes: [...endWrites(turn), ...marks, ...(withdrawal.writes ?? []), ...(demotion.writes ?? [])],
  });
  if (progress.kind === "stop") wakeFollowers(turn);
  return keepHeld(turn, progress);
}

function endEvent(turn: Turn, { state, reason, retryAt }: Extract<Move, { kind: "finish" }>): RunEvent {
  return { type: "ended", at: nowOf(turn), state, reason, ...(retryAt === undefined ? {} : { retryAt }) };
}

function endWrites(turn: Turn): readonly Write[] {
  const { run, playbook } = turn;
  const { id, incidentId, target } = run.created;
  const lease = run.created.lease ?? run.created.ends;
  const writes: Write[] = [
    ...(run.reservation === "unsent" ? returned(turn) : []),
    { write: "unlock", locks: heldLocks(run), owner: id },
    { write: "remove", set: RUNNING, members: [id] },
    { write: "unindex", index: "runs:active", member: id },
  ];
  if (run.mutated && playbook.limits.cooldown !== undefined) {
    writes.push({ write: "mark", marker: cooldownMarker(playbook.name, target), for: playbook.limits.cooldown });
  }
  if (incidentId !== undefined) writes.push({ write: "due", member: `incident:${incidentId}`, at: 0 });
  if (lease !== undefined) writes.push({ write: "due", member: `lease:${lease}`, at: 0 });
  return writes;
}

/** What waits for the lock of this run knows as soon as it has it that the same mitigation was undone a moment ago. */
async function undoneMarks({ run, deps }: Turn, state: EndState): Promise<readonly Write[]> {
  const { lease, ends, playbook, target } = run.created;
  const time = deps.config.incidents.reopenWithin;
  if (lease !== undefined && run.steps.get("undo")?.outcome === "succeeded")
    return [{ write: "mark", marker: undoneMarker(playbook, target), for: time }];
  const ended = ends === undefined || state !== "succeeded" ? undefined : await deps.store.get<Lease>("lease", ends);
  return ended ? [{ write: "mark", marker: undoneMarker(ended.body.playbook, ended.body.target), for: time }] : [];
}

/** Everything this run may have locked: its targets and those of every intent. */
export function heldLocks(run: Run): readonly string[] {
  const { target, alsoTargets } = run.created;
  return [...new Set([target, ...alsoTargets, ...[...run.steps.values()].flatMap((step) => step.targets)])];
}

function wakeFollowers(turn: Turn): void {
  const { incidentId, id } = turn.run.created;
  const lease = turn.run.created.lease ?? turn.run.created.ends;
  const sequence = nowOf(turn);
  if (incidentId !== undefined) void turn.deps.queue.wake(`incident:${incidentId}`, sequence);
  if (lease !== undefined) void turn.deps.queue.wake(`lease:${lease}`, sequence);
  turn.deps.log.info({ run: id }, "run ended");
}
