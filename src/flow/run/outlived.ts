import type { AlertRecord } from "../../core/episode.ts";
import { resolveRun } from "./deny.ts";
import { finishRun } from "./finish.ts";
import { letGo, type Progress } from "./progress.ts";
import { isForsaken } from "./still-asked.ts";
import { nowOf, type Turn } from "./turn.ts";

/**
 * A run that waits for a decision: nobody is asked any more once its own alert has ended, though its incident fires on with others. As the
 * guard `stale` would deny it; what it has changed already goes on to the verification.
 */
export async function idleUnlessOutlived(turn: Turn): Promise<Progress> {
  const { mutated, resolved } = turn.run;
  if (resolved || !(await isOutlived(turn))) return letGo(turn, undefined);
  if (mutated) return resolveRun(turn);
  const reason = "denied.stale: the alert has resolved meanwhile";
  return finishRun(turn, { kind: "finish", state: "cancelled", reason, retryAt: nowOf(turn) });
}

/** Where nothing fires any more, assess tells the run itself. */
async function isOutlived(turn: Turn): Promise<boolean> {
  const { store } = turn.deps;
  const { alertId, incidentId } = turn.run.created;
  if (alertId === undefined || incidentId === undefined) return false;
  const own = (await store.get<AlertRecord>("alert", alertId))?.body;
  if (own?.state.status !== "resolved" || (await store.size(`incident:${incidentId}:firing`)) === 0) return false;
  return isForsaken(turn, own, incidentId);
}
