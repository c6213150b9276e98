import type { EscalationState, Need } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import type { Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";

/** Reasons that one line names. */
const NAMED = 3;

/**
 * What calls people anew ends an acknowledgement of what was known before, for everybody to see: it can be given again. The line says
 * why, and by it a chat that is showing the incident just then finds out that it has to show it once more. Nothing where none is in force.
 */
export function ackEnd(
  incident: Incident,
  whys: readonly string[],
  now: Instant,
): { writes: readonly Write[]; lines: readonly TimelineEntry[] } {
  const { id, acknowledged } = incident;
  if (whys.length === 0 || acknowledged === undefined || acknowledged.until <= now) return { writes: [], lines: [] };
  const ended: Incident = { ...incident, acknowledged: { ...acknowledged, until: now } };
  const text = `the acknowledgement of ${acknowledged.by} has ended: ${whys.slice(0, NAMED).join("; ")}`;
  return {
    writes: [{ write: "put", kind: "incident", id, body: ended }],
    lines: [{ at: now, kind: "incident", text, by: "stanch" }],
  };
}

/** What has armed the levels anew since they were looked at before, in words. */
export function armedBy(
  { causes }: EscalationState,
  before: EscalationState | undefined,
  { incident, needs }: { incident: Incident; needs: readonly Need[] },
): readonly string[] {
  const news = causes.filter((cause) => before !== undefined && !before.causes.includes(cause));
  const hasComeBack = news.includes(`opening ${incident.opening}`);
  const own = news.some((cause) => cause.startsWith("severity ")) ? [`the severity is ${incident.severity} now`] : [];
  return [
    ...(hasComeBack ? ["it has come back"] : own),
    ...needs.filter(({ key }) => news.includes(key)).map(({ text }) => text),
  ];
}
