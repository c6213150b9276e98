import type { RunEvent } from "../../core/run/events.ts";
import { lastChange, undoingBelow } from "../../core/run/groups.ts";
import type { Move } from "../../core/run/move.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { Progress } from "./progress.ts";
import { nowOf, type Turn, withEvents } from "./turn.ts";

/** How often a restoration that waits looks whether its incident fires again. */
const LOOK_EVERY: Milliseconds = 30_000;

/** A playbook that restores something after a recovery; one that ends a lease goes on whatever fires. */
export function isRestoring({ run, playbook }: Turn): boolean {
  const { trigger, ends } = run.created;
  return trigger === "recovered" && ends === undefined && playbook.on === "recovered";
}

/** The run's incident; for a restoration the one that its alerts would open or join now. */
export async function incidentNow(turn: Turn): Promise<string | undefined> {
  const { incidentId, incidentKey } = turn.run.created;
  const now = isRestoring(turn) ? await turn.deps.store.field("incidents:open", incidentKey) : undefined;
  return now ?? incidentId;
}

/**
 * Ends a restoration that waits or measures once its incident fires again: what acts against that must not wait for the next round to
 * let go of the target. A call under way is not interrupted. Undefined: it goes on waiting.
 */
export async function endIfReopened(
  turn: Turn,
  move: Extract<Move, { kind: "wait" | "check" }>,
): Promise<Progress | undefined> {
  const { cancelling, reverting } = turn.run;
  const isUnderWay = move.kind === "wait" && move.reason === "rollout";
  if (!isRestoring(turn) || cancelling || reverting || isUnderWay) return undefined;
  const firing = await turn.deps.store.size(`incident:${await incidentNow(turn)}:firing`);
  return firing === 0 ? undefined : endRestoring(turn, `${move.path ?? ""}/`);
}

/** When a waiting run is woken: a restoration looks around meanwhile. */
export function wakeAt(turn: Turn, until: Instant): Instant {
  return isRestoring(turn) ? Math.min(until, nowOf(turn) + LOOK_EVERY) : until;
}

/** Not a denial that the ladder climbs over: the run is cancelled, after its last round has gone back where `on-failure` says so. */
export function endRestoring(turn: Turn, path: string): Progress {
  const { run, playbook } = turn;
  const at = nowOf(turn);
  const reason = "incident_reopened: the incident fires again, so no further step is begun";
  const prefix = playbook.onFailure.includes("revert") ? lastChange(run, path) : undefined;
  const events: RunEvent[] = [{ type: "cancelling", at, by: "stanch", reason }];
  if (prefix !== undefined) events.push(undoingBelow(run, playbook, prefix, { at, reason }));
  return { kind: "go-on", turn: withEvents(turn, events) };
}
