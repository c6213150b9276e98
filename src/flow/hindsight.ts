import { formatDuration } from "../core/duration.ts";
import { clockStart } from "../core/escalation.ts";
import type { Incident } from "../core/incident.ts";
import { hasChanged } from "../core/run/changed.ts";
import type { Run } from "../core/run/run.ts";
import type { Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";

/** Plans and actions that are told one by one. */
const TOLD = 10;
const NAMED = 3;

/**
 * For each run of this opening that only observed: whether the incident recovered by itself before anybody acted, so that people
 * can judge whether the plan would have been right. `by`: who closed the incident, where its alerts have not ended. Pure.
 */
export function hindsightLines(
  incident: Incident,
  runs: readonly Run[],
  { now, by }: { now: Instant; by?: string },
): readonly TimelineEntry[] {
  const own = runs.filter((run) => run.created.opening === incident.opening);
  const observed = own
    .filter(({ created, ended }) => created.trigger === "firing" && ended?.state === "observed")
    .slice(0, TOLD);
  const acted = [...own.filter(mayHaveChanged).map(changeText), ...peopleTexts(incident)];
  return observed.map(({ created: { id, at, playbook, target } }) => {
    const what = outcomeText(acted, { later: sinceText(now - at), by });
    return { at: now, kind: "incident", by: "stanch", runId: id, text: `${playbook} only observed ${target}: ${what}` };
  });
}

function outcomeText(acted: readonly string[], { later, by }: { later: string; by: string | undefined }): string {
  const known = acted.length === 0 ? "before anybody acted through stanch" : `after ${listText(acted)}`;
  if (by !== undefined) return `${by} closed the incident ${later} after the plan, ${known}; its alerts had not ended`;
  if (acted.length === 0) return `it recovered by itself ${later} after the plan, ${known}`;
  return `it did not recover until ${later} after the plan, ${known}`;
}

/** Whoever started it; a call that was refused has changed nothing. */
function mayHaveChanged({ steps }: Run): boolean {
  return [...steps.values()].some((step) => hasChanged(step) || (step.effect !== "read" && step.state !== "done"));
}

function changeText({ created }: Run): string {
  const by = created.trigger === "manual" ? ` (started by ${created.by})` : "";
  return `${created.playbook} had changed ${created.target}${by}`;
}

function peopleTexts(incident: Incident): readonly string[] {
  const { taken, acknowledged } = incident;
  const since = clockStart(incident);
  if (taken && taken.at >= since) return [`${taken.by} had taken it`];
  return acknowledged && acknowledged.at >= since ? [`${acknowledged.by} had acknowledged it`] : [];
}

function listText(acted: readonly string[]): string {
  const more = acted.length - NAMED;
  return [...acted.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join(" and ");
}

function sinceText(time: number): string {
  return formatDuration(time < 60_000 ? time : Math.floor(time / 60_000) * 60_000);
}
