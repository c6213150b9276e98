import type { Config } from "../../core/config.ts";
import type { Actor, Decided } from "../../core/decision.ts";
import type { Metrics } from "../../core/metrics.ts";
import type { Queue } from "../../core/queue.ts";
import type { RunEvent } from "../../core/run/events.ts";
import { foldRun, type Run } from "../../core/run/run.ts";
import type { Check, DocKind, Store, Write } from "../../core/store.ts";
import type { Instant } from "../../core/time.ts";
import type { TimelineEntry, TimelineKind } from "../../core/timeline.ts";

/** What deciding needs from outside. */
export type DecideDeps = {
  store: Store;
  queue: Queue;
  config: Config;
  /** Members of a Slack user group; throws when it cannot be read, and then nobody of it may approve. */
  slackGroup(id: string): Promise<ReadonlySet<string>>;
  metrics: Pick<Metrics, "approval">;
};

type Failure = Extract<Decided, { ok: false }>;

/** A refusal with its sentence. */
export function refuse(code: Failure["code"], sentence: string): Failure {
  return { ok: false, code, sentence };
}

/** What a decision stores, and whom it wakes afterwards. */
export type Change = { checks: readonly Check[]; writes: readonly Write[]; wake?: readonly string[] };

/** How often a decision is made anew when something else changed at the same moment. */
const TRIES = 10;

/**
 * Reads, decides and stores with compare-and-set; when the store has moved on it reads and decides again, so two people at once
 * give one decision and one clear "already".
 */
export async function settleChange(
  deps: DecideDeps,
  attempt: () => Promise<{ change: Change; decided: Decided } | Decided>,
): Promise<Decided> {
  for (let tries = 0; tries < TRIES; tries++) {
    const made = await attempt();
    if (!("change" in made)) return made;
    const committed = await deps.store.commit({ checks: made.change.checks, writes: made.change.writes });
    if (!committed.ok) continue;
    for (const member of made.change.wake ?? []) await deps.queue.wake(member, committed.now);
    return made.decided;
  }
  return refuse("unavailable", "too many people decided at once; try again");
}

/** A timeline line by a person, with the wake-up that shows it. */
export function say(
  incident: string | undefined,
  line: { at: Instant; kind: TimelineKind; text: string; by: string },
): readonly Write[] {
  if (incident === undefined) return [];
  const entry: TimelineEntry = line;
  return [
    { write: "append", list: `timeline:${incident}`, items: [entry] },
    { write: "due", member: `chat:${incident}`, at: 0 },
  ];
}

/** `anna (slack)`: who, and from where. */
export function nameOf(actor: Actor): string {
  return `${actor.person ?? actor.name} (${actor.via})`;
}

/** A run by its id, and how many things lie in its inbox. */
export async function readRun(store: Store, id: string): Promise<Run | undefined> {
  const { events } = await store.loadRun(id);
  return events.length === 0 ? undefined : foldRun(events as readonly RunEvent[]);
}

/** Finds the rev check and body of a document, or says that there is none. */
export async function readDoc<T extends object>(
  store: Store,
  kind: DocKind,
  id: string,
): Promise<{ body: T; check: Check } | Failure> {
  const doc = await store.get<T>(kind, id);
  if (!doc) return refuse("not_found", `no ${kind} ${id}`);
  return { body: doc.body, check: { check: "rev", kind, id, rev: doc.rev } };
}
