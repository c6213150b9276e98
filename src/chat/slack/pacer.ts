import type { Instant, Milliseconds } from "../../core/time.ts";

/** Slack takes about one message per second and channel, and forgives short bursts. A message costs this much credit. */
const COST: Milliseconds = 1_000;
const BURST = 4;
/** Places are promised this far ahead. Who finds none free comes back when there are some, so that nobody is waited for. */
const AHEAD: Milliseconds = 60_000;

/** The last place that somebody was told to come back for, how many found none free, and who was told what. */
type Promised = { until: Instant; late: number; places: Map<string, Instant> };

/** Who asks, such as an incident: it keeps the place that it was told, however often it asks before. */
type Asking = { by: string; now: Instant; urgent: boolean };

/** Credit grows by a millisecond per millisecond; whole numbers, so that waiting as told is always enough. */
type Lane = { credit: Milliseconds; filledAt: Instant; heldUntil: Instant; urgent: Promised; other: Promised };

/**
 * Says when a channel may be posted to; it only counts, nothing here waits. Each channel has a lane of its own, so a 429 on one
 * delays only that one. The last place of a burst is kept for what is urgent (approvals, escalations). Those who wait are told places one
 * after the other: a thousand incidents that all came back for the next one would look, and read what they show, each second. An incident
 * whose run goes fast asks many times a second. It keeps the place that it was told, and what it gets ahead of that is credit that is left
 * over: beyond what those of its kind, urgent or not, need who were told to come within a second of now.
 */
export type Pacer = {
  /** Takes a place and returns 0, or takes none and returns how long until there is one, at most a minute unless the channel is held. */
  take(channel: string, asking: Asking): Milliseconds;
  /** How long a hold on this channel still lasts; 0 when there is none. */
  heldFor(channel: string, now: Instant): Milliseconds;
  /** Nothing goes to this channel before `until`. */
  hold(channel: string, until: Instant): void;
};

/** A pacer that knows no channel yet; time is what it is told. */
export function createPacer(): Pacer {
  const lanes = new Map<string, Lane>();
  return {
    take(channel, asking) {
      const { by, now, urgent } = asking;
      const lane = refilled(lanes.get(channel), now);
      lanes.set(channel, lane);
      if (lane.heldUntil > now) return lane.heldUntil - now;
      const floor = urgent ? COST : 2 * COST;
      const promised = urgent ? lane.urgent : lane.other;
      const left = lane.credit - (isEarly(promised, asking) ? othersNow(promised, asking) * COST : 0);
      if (left < floor) return promise(promised, asking, floor - lane.credit);
      lane.credit -= COST;
      promised.places.delete(by);
      return 0;
    },
    heldFor(channel, now) {
      return Math.max(0, (lanes.get(channel)?.heldUntil ?? 0) - now);
    },
    hold(channel, until) {
      const lane = lanes.get(channel) ?? fresh(until);
      lanes.set(channel, { ...lane, heldUntil: Math.max(lane.heldUntil, until) });
    },
  };
}

function fresh(now: Instant): Lane {
  const none = (): Promised => ({ until: 0, late: 0, places: new Map() });
  return { credit: BURST * COST, filledAt: now, heldUntil: 0, urgent: none(), other: none() };
}

/** It has a place that is still to come. */
function isEarly({ places }: Promised, { by, now }: Asking): boolean {
  return (places.get(by) ?? now) > now;
}

/** Others who were told to come about now: who comes ahead of its own place leaves them their credit, for a second if they do not come. */
function othersNow({ places }: Promised, { by, now }: Asking): number {
  return [...places].filter(([who, told]) => who !== by && Math.abs(told - now) < COST).length;
}

/** The place that it was told before, while that is still to come, or the next one that nobody was told yet. */
function promise(promised: Promised, { by, now }: Asking, soonest: Milliseconds): Milliseconds {
  const { places } = promised;
  if (promised.until + COST <= now) places.clear();
  const told = places.get(by) ?? now;
  const wait = told > now ? Math.max(soonest, told - now) : nextPlace(promised, now, soonest);
  places.set(by, now + wait);
  return wait;
}

/** Who comes too late for one comes back in the second half of the time that is promised by then. */
function nextPlace(promised: Promised, now: Instant, soonest: Milliseconds): Milliseconds {
  const wait = Math.max(soonest, promised.until + COST - now);
  if (wait > AHEAD) {
    promised.late += 1;
    return AHEAD - (promised.late % (AHEAD / 2 / COST)) * COST;
  }
  promised.until = now + wait;
  return wait;
}

function refilled(lane: Lane | undefined, now: Instant): Lane {
  if (!lane) return fresh(now);
  const earned = Math.max(0, now - lane.filledAt);
  const credit = Math.min(BURST * COST, lane.credit + earned);
  return { ...lane, credit, filledAt: Math.max(now, lane.filledAt) };
}
