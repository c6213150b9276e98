import { type EpisodeState, episodeId } from "../../core/episode.ts";
import type { Check } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import { type AssessDeps, CURRENT } from "./deps.ts";
import type { Scene, Seen, Sight } from "./look.ts";
import type { Subject } from "./subject.ts";

/** An entry that has waited longer is not news: the store is asked. */
const NEWS: Milliseconds = 1_000;

/**
 * What a look at alerts that were accepted a moment ago would see, where each is the first of its fingerprint: nothing is stored of
 * it, and its state is what accept made of it. The commit checks that (`foreseenChecks`); where it does not hold, the store is looked at.
 * Undefined where a look is needed.
 */
export function foresee(deps: AssessDeps, subjects: readonly Subject[]): Sight | undefined {
  const now = presentOf(deps);
  if (now === undefined) return undefined;
  const seen: Seen[] = [];
  for (const subject of subjects) {
    if (subject.first === undefined || now - subject.first > NEWS) return undefined;
    seen.push(firstSeen(subject, subject.first));
  }
  const latest = subjects.reduce((at, { first = 0 }) => Math.max(at, first), now);
  return { now: latest, seen, pointed: new Map() };
}

/** The store's time by this process's clock, from the last answer that told it. */
function presentOf(deps: AssessDeps): Instant | undefined {
  const { ahead } = deps.storeTime;
  return ahead === undefined ? undefined : Math.round(deps.monotonic() + ahead);
}

function firstSeen(subject: Subject, openedAt: Instant): Seen {
  const { key, alert } = subject;
  const times = { openedAt, lastSeen: openedAt, startsAt: alert.startsAt };
  const state: EpisodeState = { status: "firing", opening: 1, ...times, doubtful: false };
  return { subject, state, id: episodeId(key.source, key.fingerprint, 1), former: [] };
}

/** What must hold at the commit for a foreseen scene to be what a look would have seen. */
export function foreseenChecks(subjects: readonly Subject[], { current }: Scene): readonly Check[] {
  const checks: Check[] = subjects.map(({ key }) => ({ check: "first", ...key }));
  const keys = new Set(subjects.map((subject) => subject.correlation.key));
  for (const field of keys) if (!current.has(field)) checks.push({ check: "field", hash: CURRENT, field, is: null });
  return checks;
}
