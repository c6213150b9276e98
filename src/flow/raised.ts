import type { Approval } from "../core/approval.ts";
import type { Config } from "../core/config.ts";
import type { Incident } from "../core/incident.ts";
import type { Severity } from "../core/severity.ts";
import type { Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import { say } from "./decide/deps.ts";
import { describeGroup } from "./decide/permission.ts";
import { docs } from "./desk/incident-view.ts";

/**
 * What the engine does when an incident has become worse: people are called by the new severity's levels, and what waits for their
 * decision is announced again (section 14.1); the chat mentions them once more by itself.
 */
export async function raisedWrites(
  { store, config }: { store: Pick<Store, "members" | "getMany">; config: Config },
  { id, severity }: Incident,
  { from, now }: { from: Severity; now: Instant },
): Promise<{ checks: readonly []; writes: readonly Write[] }> {
  const approvals = await docs<Approval>(store, "approval", await store.members(`incident:${id}:approvals`));
  const again = approvals
    .filter((one) => one.status === "pending" && now < one.expiresAt)
    .flatMap((one) => {
      const who = describeGroup(config, one.policy.group);
      const text = `${id} is ${severity} now, it was ${from}: ${one.id} still waits for ${who} to decide on ${one.playbook}`;
      return say(id, { at: now, kind: "approval", text, by: "stanch" });
    });
  return { checks: [], writes: [{ write: "due", member: `follow:${id}`, at: now }, ...again] };
}
