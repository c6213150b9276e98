import type { Incident } from "../../core/incident.ts";
import type { Store, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import { say } from "./deps.ts";

type Shown = { writes: readonly Write[]; wake: readonly string[] };

const INCIDENT = "incident:";
/** So many open incidents are shown anew; the sweeper finds those that are not woken at once. */
const SHOWN = 1_000;
const WOKEN = 20;

/**
 * What lets people see that a pause has begun or ended: that of an incident is a line of its timeline, any other is shown by each incident
 * that it may cover.
 */
export async function shownPause(
  store: Pick<Store, "get" | "page">,
  scope: string,
  line: { at: Instant; text: string; by: string },
): Promise<Shown> {
  if (!scope.startsWith(INCIDENT)) return shownByAll(store);
  const id = scope.slice(INCIDENT.length);
  if (!(await store.get<Incident>("incident", id))) return { writes: [], wake: [] };
  return { writes: say(id, { ...line, kind: "decision" }), wake: [`chat:${id}`] };
}

async function shownByAll(store: Pick<Store, "page">): Promise<Shown> {
  const { members } = await store.page(["incidents:open", "incidents:mitigated"], { limit: SHOWN });
  const chats = members.map((id) => `chat:${id}`);
  return { writes: chats.map((member) => ({ write: "due", member, at: 0 })), wake: chats.slice(0, WOKEN) };
}
