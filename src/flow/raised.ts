import type { Approval } from "../core/approval.ts";
import type { Incident } from "../core/incident.ts";
import type { Severity } from "../core/severity.ts";
import type { Check, Store, Write } from "../core/store.ts";
import type { Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import { docs } from "./desk/incident-view.ts";

/**
 * What a severity rise adds to its commit: pending approvals are announced again to those who may decide them, and escalation,
 * which the rise has armed anew, is looked at now (design 14.1, 14.8).
 */
export async function raisedWrites(
  store: Pick<Store, "members" | "getMany">,
  { id, severity }: Incident,
  { from, now }: { from: Severity; now: Instant },
): Promise<{ checks: readonly Check[]; writes: readonly Write[] }> {
  const ids = await store.members(`incident:${id}:approvals`);
  const pending = (await docs<Approval>(store, "approval", ids)).filter((one) => one.status === "pending");
  const items = pending.map((approval): TimelineEntry => {
    const text = `${approval.id} still waits for ${approval.policy.group}, and the severity rose from ${from} to ${severity}`;
    return { at: now, kind: "approval", text, by: "stanch", notify: [`slack:@${approval.policy.group}`] };
  });
  const said: readonly Write[] = items.length === 0 ? [] : [{ write: "append", list: `timeline:${id}`, items }];
  return { checks: [], writes: [...said, { write: "due", member: `follow:${id}`, at: now }] };
}
