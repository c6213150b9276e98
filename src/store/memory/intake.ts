import { type Sighting, type SightingGroup, type SourceName, tellsChanges } from "../../core/alert.ts";
import { type AlertRecord, type EpisodeState, episodeId } from "../../core/episode.ts";
import type { EpisodeKey, Lineage } from "../../core/intake.ts";
import type { Instant } from "../../core/time.ts";
import { bodyDigest, contentOf, groupId } from "../content.ts";
import { nextEpisode } from "../episode-rule.ts";
import type { RetainedIntake } from "../retained-intake.ts";
import { lastSeenOf } from "./last-seen.ts";
import { memoryQueue } from "./queue.ts";
import { episodeKey, type MemoryState, nowOf, readDoc } from "./state.ts";

const contentHash = contentOf();

/** The twin of the Redis intake; it shares its state with the store, because `ack` is one of the store's writes. */
export function memoryIntake(state: MemoryState): RetainedIntake {
  return { ...acceptance(state), ...memoryQueue(state), ...episodes(state) };
}

function acceptance(state: MemoryState): Pick<RetainedIntake, "accept" | "repeated"> {
  const sizes = new Map<string, { group: string; alerts: number }>();
  return {
    async accept(group, body) {
      if (group.alerts.length === 0) return { accepted: 0, unchanged: 0 };
      const changed = accept(state, group, body);
      const key = groupKeyOf(group);
      sizes.set(digestOf(group.source, body), { group: key, alerts: group.alerts.length });
      return { accepted: changed, unchanged: group.alerts.length - changed };
    },
    async repeated(source, body) {
      const known = sizes.get(digestOf(source, body));
      const same = known && repeats(state, { source, group: known.group }, bodyDigest(body));
      return same ? { accepted: 0, unchanged: known.alerts } : undefined;
    },
  };
}

const digestOf = (source: string, body: Buffer): string => `${source}:${bodyDigest(body)}`;
const groupKeyOf = (group: SightingGroup): string => `${group.source}:${groupId(group.groupKey)}`;

/** The shortcut for a body that its group sent last, while nothing of its source was closed since. */
function repeats(state: MemoryState, of: { source: string; group: string }, digest: string): boolean {
  const known = state.groups.get(of.group);
  if (known?.digest !== digest || known.unsettled !== (state.unsettled.get(of.source) ?? 0)) return false;
  known.lastSeen = nowOf(state);
  return true;
}

function accept(state: MemoryState, group: SightingGroup, body: Buffer): number {
  const now = nowOf(state);
  const key = groupKeyOf(group);
  if (repeats(state, { source: group.source, group: key }, bodyDigest(body))) return 0;
  const isFirst = firstOnly(state, group);
  const changed = group.alerts.filter((alert) => record(state, { source: group.source, group: key, now }, alert));
  const unsettled = state.unsettled.get(group.source) ?? 0;
  state.groups.set(key, { digest: bodyDigest(body), unsettled, since: now, lastSeen: now });
  if (changed.length > 0) enqueue(state, group, { body, changed, isFirst });
  return changed.length;
}

function record(state: MemoryState, at: { source: SourceName; group: string; now: Instant }, alert: Sighting): boolean {
  const key = episodeKey(at.source, alert.fingerprint);
  const content = contentHash(alert).join("-");
  const seen = { alert, content, group: at.group, now: at.now, isChange: tellsChanges(at.source) };
  const change = nextEpisode(state.episodes.get(key), seen);
  if (!change) return false;
  state.episodes.set(key, change.record);
  if (change.unsettled) unsettle(state, at.source);
  return change.changed;
}

/** Whether all of its alerts begin the first episode of their fingerprint. */
function firstOnly(state: MemoryState, { source, alerts }: SightingGroup): boolean {
  const fingerprints = new Set(alerts.map(({ fingerprint }) => fingerprint));
  if (fingerprints.size < alerts.length || alerts.some(({ status }) => status !== "firing")) return false;
  return alerts.every(({ fingerprint }) => !state.episodes.has(episodeKey(source, fingerprint)));
}

function unsettle(state: MemoryState, source: string): void {
  state.unsettled.set(source, (state.unsettled.get(source) ?? 0) + 1);
}

type Queued = { body: Buffer; changed: readonly Sighting[]; isFirst: boolean };

function enqueue(state: MemoryState, group: SightingGroup, what: Queued): void {
  const now = nowOf(state);
  state.entrySequence += 1;
  const changed = [...new Set(what.changed.map(({ fingerprint }) => fingerprint))];
  const body = what.body.toString();
  const id = `${now}-${state.entrySequence}`;
  const first = what.isFirst ? { first: true } : {};
  state.entries.push({ id, source: group.source, body, changed, ...first, acceptedAt: now, deliveries: 0 });
  for (const wake of state.waiters) wake();
}

function episodes(state: MemoryState): Pick<RetainedIntake, "states" | "look" | "vanish" | "lastSeen" | "forget"> {
  return {
    states: async (keys) => keys.map((key) => publicState(state, key)),
    look: async (keys, back) => ({
      now: nowOf(state),
      lineages: keys.map((key) => lineageOf(state, key, back)),
    }),
    async vanish({ source, fingerprint }, opening) {
      const key = episodeKey(source, fingerprint);
      const known = state.episodes.get(key);
      if (known === undefined || known.state.status === "resolved" || known.state.opening !== opening) return false;
      state.episodes.set(key, { ...known, state: { ...known.state, status: "resolved", endsAt: nowOf(state) } });
      unsettle(state, source);
      return true;
    },
    async lastSeen({ source, fingerprint }) {
      const known = state.episodes.get(episodeKey(source, fingerprint));
      return known && lastSeenOf(known, state.groups.get(known.group));
    },
    forget: async (before) => forget(state, before),
  };
}

function publicState(state: MemoryState, { source, fingerprint }: EpisodeKey): EpisodeState | undefined {
  const known = state.episodes.get(episodeKey(source, fingerprint));
  return known && { ...known.state, lastSeen: lastSeenOf(known, state.groups.get(known.group)) };
}

function lineageOf(state: MemoryState, key: EpisodeKey, back: number): Lineage | undefined {
  const known = publicState(state, key);
  if (known === undefined) return undefined;
  const ids = Array.from({ length: Math.min(known.opening, back + 1) }, (_, index) =>
    episodeId(key.source, key.fingerprint, known.opening - index),
  );
  return { state: known, records: ids.map((id) => readDoc<AlertRecord>(state, "alert", id)) };
}

function forget(state: MemoryState, before: Instant): number {
  const size = state.episodes.size;
  for (const [key, { state: episode }] of state.episodes)
    if (episode.status === "resolved" && episode.lastSeen < before) state.episodes.delete(key);
  for (const [key, group] of state.groups) if (group.lastSeen < before) state.groups.delete(key);
  return size - state.episodes.size;
}
