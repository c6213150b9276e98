import type { AlertRecord } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Turn } from "./turn.ts";

/**
 * Whether the alert that the run is for (`own`) has ended, and nothing of what still fires of its incident asks for this playbook on this
 * target. What fires is read only when its own has ended. Runs without an alert, and those after a recovery, are never so.
 */
export async function isForsaken(
  { run, deps }: Turn,
  own: AlertRecord | undefined,
  incident: string | undefined,
): Promise<boolean> {
  const { trigger, playbook, target } = run.created;
  if (trigger !== "firing" || incident === undefined || own?.state.status !== "resolved") return false;
  const doc = await deps.store.get<Incident>("incident", incident);
  const found = doc && (await deps.ladders(doc.body)).get(target);
  return !found?.some((one) => one.playbook.name === playbook);
}
