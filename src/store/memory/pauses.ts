import type { Pause } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { docKey, type MemoryState } from "./state.ts";

/** Whether the scope is paused; a switch that cannot be read counts as paused. */
export function isPaused(state: MemoryState, scope: string, now: Instant): boolean {
  const doc = state.docs.get(docKey("pause", scope));
  return doc !== undefined && pauseOf(scope, doc.json, now) !== undefined;
}

/** Pauses that hold now, by scope; one whose time is over is left out. */
export function activePauses(state: MemoryState, now: Instant): readonly Pause[] {
  const found: Pause[] = [];
  for (const [key, doc] of state.docs) {
    if (!key.startsWith("pause:")) continue;
    const pause = pauseOf(key.slice("pause:".length), doc.json, now);
    if (pause) found.push(pause);
  }
  return found.sort((a, b) => (a.scope < b.scope ? -1 : 1));
}

function pauseOf(scope: string, json: string, now: Instant): Pause | undefined {
  const body: Pause = JSON.parse(json);
  if (typeof body.until === "number" && body.until <= now) return undefined;
  return { ...body, scope };
}
