import type { Incident } from "../core/incident.ts";
import type { Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";

/** An incident as it stood when an opening of it had ended, and when the next one began; without one, it stands so now. */
export type EndedOpening = { incident: Incident; until?: Instant };

const listOf = (id: string): string => `openings:${id}`;

/** Keeps how an incident stood when it comes back: what is owed for the opening that has ended may not be written yet. */
export function endedOpening(before: Incident, until: Instant): Write {
  const { reassessAt: _, noted: __, ladders: ___, ...incident } = before;
  const ended: EndedOpening = { incident, until };
  return { write: "append", list: listOf(incident.id), items: [ended] };
}

/** The openings of an incident that have ended, oldest first; those before the present one as far as this version has seen them end. */
export async function endedOpenings(store: Pick<Store, "list">, incident: Incident): Promise<readonly EndedOpening[]> {
  const before = incident.opening > 1 ? await store.list<EndedOpening>(listOf(incident.id)) : [];
  return incident.status === "resolved" ? [...before, { incident }] : before;
}

/** Forgets them when all that is owed for each has been written, as an incident may come back for weeks. */
export async function forgetOpenings(
  store: Pick<Store, "list" | "commit">,
  id: string,
  isWritten: (opening: number) => boolean,
): Promise<void> {
  const kept = await store.list<EndedOpening>(listOf(id));
  if (kept.length === 0 || !kept.every(({ incident }) => isWritten(incident.opening))) return;
  await store.commit({
    checks: [{ check: "length", list: listOf(id), is: kept.length }],
    writes: [openingsRemoval(id)],
  });
}

/** What takes these away with their incident. */
export function openingsRemoval(id: string): Write {
  return { write: "drop", list: listOf(id) };
}
