import type { Correlation } from "../../core/correlate.ts";
import type { AlertRecord, EpisodeState } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Doc } from "../../core/store.ts";
import type { Milliseconds } from "../../core/time.ts";
import type { Judged } from "./judge.ts";
import type { Scene, Seen } from "./look.ts";

/** An episode whose record still counts as open and whose state does not. */
export type Closing = { doc: Doc<AlertRecord>; state: EpisodeState; how: "resolved" | "vanished" | "superseded" };

/** What one assessment has to do with one incident; without `known` it is opened. */
export type IncidentCase = {
  correlation: Correlation;
  known?: Doc<Incident>;
  /** Episodes that become part of it. */
  joining: Judged[];
  /** Episodes that are part of it already and still open. */
  keeping: Judged[];
  closing: Closing[];
};

/** What concerns no incident. `late`: closed before anyone assessed it. */
export type Loose =
  | { kind: "none"; judged: Judged }
  | { kind: "late"; seen: Seen }
  | { kind: "closed"; closing: Closing; seen: Seen };

export type Cases = { incidents: readonly IncidentCase[]; loose: readonly Loose[] };

export type SortOptions = { reopenWithin: Milliseconds; vanished: ReadonlySet<string> };

/** Sorts the episodes of a scene by what has to happen to them. Decides on current states and records only. */
export function sort(scene: Scene, judged: readonly Judged[], options: SortOptions): Cases {
  const cases = new Map<string, IncidentCase>();
  const loose: Loose[] = [];
  const caseOf = (slot: string, correlation: Correlation): IncidentCase => {
    const found = cases.get(slot);
    if (found) return found;
    const doc = scene.incidents.get(slot);
    const made: IncidentCase = { correlation, joining: [], keeping: [], closing: [], ...(doc ? { known: doc } : {}) };
    cases.set(slot, made);
    return made;
  };
  const close = (seen: Seen, closing: Closing): void => {
    const id = closing.doc.body.incidentId;
    if (id === undefined || !scene.incidents.has(id)) loose.push({ kind: "closed", closing, seen });
    else caseOf(id, seen.subject.correlation).closing.push(closing);
  };
  for (const seen of scene.seen) {
    for (const doc of seen.former) close(seen, { doc, state: endedBy(doc, seen), how: "superseded" });
    const closing = closingOf(seen, options.vanished);
    if (closing) close(seen, closing);
    else if (seen.state.status === "resolved" && seen.doc === undefined) loose.push({ kind: "late", seen });
  }
  for (const one of judged) {
    const { correlation } = one.seen.subject;
    const present = one.seen.doc?.body.incidentId;
    if (present !== undefined && scene.incidents.has(present)) caseOf(present, correlation).keeping.push(one);
    else if (one.classified.level === "none") loose.push({ kind: "none", judged: one });
    else caseOf(joinable(scene, correlation, options) ?? `new ${correlation.key}`, correlation).joining.push(one);
  }
  return { incidents: [...cases.values()], loose };
}

function closingOf({ doc, state, id }: Seen, vanished: ReadonlySet<string>): Closing | undefined {
  if (doc === undefined || state.status !== "resolved" || doc.body.state.status === "resolved") return undefined;
  return { doc, state, how: vanished.has(id) ? "vanished" : "resolved" };
}

/** Its end was not assessed; it ended before its successor began. */
function endedBy(doc: Doc<AlertRecord>, successor: Seen): EpisodeState {
  return { ...doc.body.state, status: "resolved", endsAt: successor.state.openedAt };
}

/** The incident that new episodes of this key join: an open one, or one that recovered a short time ago. */
function joinable(scene: Scene, correlation: Correlation, { reopenWithin }: SortOptions): string | undefined {
  const id = scene.current.get(correlation.key);
  const incident = id === undefined ? undefined : scene.incidents.get(id)?.body;
  if (incident === undefined) return undefined;
  if (incident.status !== "resolved") return id;
  return scene.now - (incident.resolvedAt ?? 0) <= reopenWithin ? id : undefined;
}
