import type { AlertGroup, SourceName } from "../../core/alert.ts";
import { type AlertRecord, episodeId } from "../../core/episode.ts";
import type { Intake, IntakeEntry } from "../../core/intake.ts";

/** Alerts that were accepted and not assessed yet, oldest first; they have no document, only the kept body. */
export async function unassessedAlerts(
  intake: Pick<Intake, "waiting" | "states">,
  parse: (source: SourceName, body: string) => AlertGroup,
  limit: number,
): Promise<readonly AlertRecord[]> {
  const entries = await intake.waiting(limit);
  const rows = entries.flatMap((entry) => alertsOf(entry, parse)).slice(0, limit);
  const states = await intake.states(
    rows.map(({ entry, alert }) => ({ source: entry.source, fingerprint: alert.fingerprint })),
  );
  return rows.flatMap(({ entry, alert, truncated }, index) => {
    const state = states[index];
    if (!state) return [];
    const id = episodeId(entry.source, alert.fingerprint, state.opening);
    return [{ id, source: entry.source, alert, state, truncated, assessment: "unassessed" as const, entry: entry.id }];
  });
}

type Row = { entry: IntakeEntry; alert: AlertGroup["alerts"][number]; truncated: boolean };

function alertsOf(entry: IntakeEntry, parse: (source: SourceName, body: string) => AlertGroup): readonly Row[] {
  const group = readable(() => parse(entry.source, entry.body));
  const changed = new Set(entry.changed);
  const truncated = (group?.truncatedAlerts ?? 0) > 0;
  return (group?.alerts ?? [])
    .filter((alert) => changed.has(alert.fingerprint))
    .map((alert) => ({ entry, alert, truncated }));
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
