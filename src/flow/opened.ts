import type { EscalationLevel } from "../core/config.ts";
import type { Incident } from "../core/incident.ts";
import type { Instant } from "../core/time.ts";
import { NOTHING, type Part } from "./assess/deps.ts";

/**
 * What the engine does when an incident opens or comes back: it is looked after at once, which plans the levels that count from then. Without
 * such levels there is nothing to plan, and a storm costs no looks.
 */
export function openedPart(escalation: readonly EscalationLevel[], { id }: Incident, now: Instant): Part {
  if (!escalation.some((level) => level.when === "unmitigated")) return NOTHING;
  const look = { member: `follow:${id}`, at: now };
  return { checks: [], writes: [{ write: "due", ...look }], wakes: [look] };
}
