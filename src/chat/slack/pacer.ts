import type { Instant, Milliseconds } from "../../core/time.ts";

/** Slack takes about one message per second and channel, and forgives short bursts. A message costs this much credit. */
const COST: Milliseconds = 1_000;
const BURST = 4;

/** Credit grows by a millisecond per millisecond; whole numbers, so that waiting as told is always enough. */
type Lane = { credit: Milliseconds; filledAt: Instant; heldUntil: Instant };

/**
 * Says when a channel may be posted to; it only counts, nothing here waits. Each channel has a lane of its own, so a 429 on one
 * delays only that one. The last place of a burst is kept for what is urgent (approvals, escalations).
 */
export type Pacer = {
  /** Takes a place and returns 0, or takes none and returns how long until there is one. */
  take(channel: string, now: Instant, urgent: boolean): Milliseconds;
  /** How long a hold on this channel still lasts; 0 when there is none. */
  heldFor(channel: string, now: Instant): Milliseconds;
  /** Nothing goes to this channel before `until`. */
  hold(channel: string, until: Instant): void;
};

/** A pacer that knows no channel yet; time is what it is told. */
export function createPacer(): Pacer {
  const lanes = new Map<string, Lane>();
  return {
    take(channel, now, urgent) {
      const lane = refilled(lanes.get(channel), now);
      lanes.set(channel, lane);
      if (lane.heldUntil > now) return lane.heldUntil - now;
      const floor = urgent ? COST : 2 * COST;
      if (lane.credit < floor) return floor - lane.credit;
      lane.credit -= COST;
      return 0;
    },
    heldFor(channel, now) {
      return Math.max(0, (lanes.get(channel)?.heldUntil ?? 0) - now);
    },
    hold(channel, until) {
      const lane = lanes.get(channel) ?? { credit: BURST * COST, filledAt: until, heldUntil: 0 };
      lanes.set(channel, { ...lane, heldUntil: Math.max(lane.heldUntil, until) });
    },
  };
}

function refilled(lane: Lane | undefined, now: Instant): Lane {
  if (!lane) return { credit: BURST * COST, filledAt: now, heldUntil: 0 };
  const earned = Math.max(0, now - lane.filledAt);
  const credit = Math.min(BURST * COST, lane.credit + earned);
  return { credit, filledAt: Math.max(now, lane.filledAt), heldUntil: lane.heldUntil };
}
