import type { WakeHandler } from "../core/queue.ts";
import { tendApproval } from "./approval.ts";
import type { DecideDeps } from "./decide/deps.ts";
import type { StartDeps } from "./decide/start.ts";
import { type FollowDeps, followIncident, followLease } from "./follow.ts";
import { tendLease } from "./lease.ts";
import { type RetentionSweepDeps, sweepRetention } from "./retention-sweep.ts";
import { advance } from "./run/advance.ts";
import { type SettleDeps, settleIncident } from "./settle.ts";

/** What wake-ups need: the engine's dependencies and the two hops that other modules own. */
export type WakeDeps = SettleDeps &
  DecideDeps &
  StartDeps &
  FollowDeps &
  RetentionSweepDeps & {
    /** Assesses again what `incident:ID` or `assess:…` names; it plans its own next wake-up. */
    assess(member: string): Promise<void>;
    publish(incident: string, signal: AbortSignal): Promise<void>;
  };

/** One handler for everything that can be due, by the member's prefix. Repeating any of them changes nothing. */
export function createWakeHandler(deps: WakeDeps): WakeHandler {
  return async (member, signal, draining) => {
    const colon = member.indexOf(":");
    const kind = member.slice(0, colon);
    const id = member.slice(colon + 1);
    switch (kind) {
      case "run":
        return advance(deps, id, signal, draining);
      case "approval":
        return tendApproval(deps, id);
      case "lease":
        await tendLease(deps, id);
        return followLease(deps, id);
      case "incident":
        await deps.assess(member);
        await settleIncident(deps, id);
        return followIncident(deps, id);
      case "follow":
        return followIncident(deps, id);
      case "retention":
        return sweepRetention(deps);
      case "assess":
        return deps.assess(member);
      case "chat":
        return deps.publish(id, signal);
      default:
        deps.log.warn({ member }, "a wake-up of an unknown kind was dropped");
        await deps.store.commit({ checks: [], writes: [{ write: "undue", member }] });
    }
  };
}
