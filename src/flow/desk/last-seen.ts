import type { Desk } from "../../core/desk.ts";
import type { AlertRecord } from "../../core/episode.ts";
import type { Intake } from "../../core/intake.ts";

/**
 * A desk whose alerts say when they were seen last. Their records are written by assessment, which a repeat does not come to: it
 * only moves the mark of its group (section 14.1). Reading that costs a round trip, so it is for surfaces that show it.
 */
export function withLastSeen(desk: Desk, intake: Pick<Intake, "states">): Desk {
  return {
    ...desk,
    async alert(id) {
      const record = await desk.alert(id);
      return record && (await seenLast(intake, [record]))[0];
    },
    async alerts(query) {
      const page = await desk.alerts(query);
      return { ...page, items: await seenLast(intake, page.items) };
    },
    async incident(id) {
      const view = await desk.incident(id);
      return view && { ...view, episodes: await seenLast(intake, view.episodes) };
    },
  };
}

async function seenLast(intake: Pick<Intake, "states">, records: readonly AlertRecord[]) {
  if (records.length === 0) return [];
  const keys = records.map(({ source, alert }) => ({ source, fingerprint: alert.fingerprint }));
  const states = await intake.states(keys);
  return records.map((record, index): AlertRecord => {
    const state = states[index];
    if (state?.opening !== record.state.opening) return record;
    const lastSeen = Math.max(record.state.lastSeen, state.lastSeen);
    return { ...record, state: { ...record.state, lastSeen } };
  });
}
