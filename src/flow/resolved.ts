import type { Incident } from "../core/incident.ts";
import type { RunEvent } from "../core/run/events.ts";
import type { InboxItem } from "../core/run/inbox.ts";
import { foldRun } from "../core/run/run.ts";
import type { Check, Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import { hindsightLines } from "./hindsight.ts";
import { TARGETS_ALERTING } from "./run/targets.ts";

/**
 * What the engine does when all episodes of an incident have ended, or somebody (`by`) has closed it: each run under way finds it in its inbox and decides itself
 * (section 7: not mutated, cancelled; mutated, on to verification; an unknown outcome stays). `handsOff`: what was in people's hands
 * is left as it is, whoever had started the run, so that closing does not set free what a take or a pause has held.
 */
export async function resolvedWrites(
  store: Pick<Store, "loadRun">,
  incident: Incident,
  { now, by, handsOff }: { now: Instant; by?: string; handsOff?: boolean },
): Promise<{ checks: readonly Check[]; writes: readonly Write[] }> {
  const item: InboxItem = {
    kind: "resolved",
    at: now,
    ...(by !== undefined && { by }),
    ...(handsOff && { handsOff: true }),
  };
  const runs = await Promise.all(incident.runs.map((id) => store.loadRun(id)));
  const active = runs.filter((run) => run.events.length > 0).map((run) => foldRun(run.events as readonly RunEvent[]));
  const quiet = [...new Set(active.map((run) => run.created.target))];
  const calm = quiet.map((target): Write => ({ write: "unindex", index: TARGETS_ALERTING, member: target }));
  const writes = active.flatMap((run): Write[] =>
    run.ended
      ? []
      : [
          { write: "append", list: `inbox:${run.created.id}`, items: [item] },
          { write: "due", member: `run:${run.created.id}`, at: now },
        ],
  );
  const follow: Write = { write: "due", member: `follow:${incident.id}`, at: now };
  const lines = hindsightLines(incident, active, { now, ...(by !== undefined && { by }) });
  return { checks: [], writes: [...calm, ...writes, ...lines.flatMap((line) => say(incident.id, line)), follow] };
}
