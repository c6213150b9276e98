import type { GuardName } from "../guard/snapshot.ts";
import type { Instant } from "../time.ts";
import { boundedDigest } from "./bounded.ts";
import type { RunEvent } from "./events.ts";
import type { ReadyStep } from "./move.ts";
import { stepDigest } from "./plan.ts";
import type { Run } from "./run.ts";

/** What people have allowed: exactly these steps as they were shown, in spite of these guards. */
export type Grant = {
  approvalId: string;
  by: string;
  /** It lapses then, unless the first effect under it has begun. */
  validUntil: Instant;
  covers: readonly string[];
  guards: readonly GuardName[];
  /** An effect under it has begun: it lapses no more. */
  used: boolean;
  /** Who chose that the steps it covers get no lease. */
  keptBy?: string;
};

/** The grant that a decision makes of what was asked. */
export function grantOf({ asked }: Run, event: Extract<RunEvent, { type: "granted" }>): Grant {
  const { approvalId, by, validUntil, keptBy } = event;
  const guards = (asked?.guards ?? []) as readonly GuardName[];
  const grant = { approvalId, by, validUntil, covers: asked?.covers ?? [], guards, used: false };
  return keptBy === undefined ? grant : { ...grant, keptBy };
}

/** The grants after a mutating intent: the one that allows it is in use from now on. */
export function grantsAfter(grants: readonly Grant[], { approvalId }: { approvalId?: string }): readonly Grant[] {
  if (approvalId === undefined) return grants;
  return grants.map((grant) => (grant.approvalId === approvalId ? { ...grant, used: true } : grant));
}

/** The grant in force for this rendered step; of several the latest, as people knew most when they gave it. */
export function grantFor(run: Run, ready: ReadyStep, now: Instant): Grant | undefined {
  return covering(run, ready).findLast((one) => one.used || now <= one.validUntil);
}

/** The grant that covered this step and lapsed unused; undefined while one is in force, or when there never was one. */
export function lapsedGrant(run: Run, ready: ReadyStep, now: Instant): Grant | undefined {
  return grantFor(run, ready, now) ? undefined : covering(run, ready).at(-1);
}

/** A grant covers a step as it was shown: exactly so, or with pending inputs that have stayed within their bounds. */
function covering(run: Run, ready: ReadyStep): readonly Grant[] {
  if (run.grants.length === 0) return [];
  const digests = [stepDigest(ready), boundedDigest(ready)];
  return run.grants.filter(({ covers }) => digests.some((one) => one !== undefined && covers.includes(one)));
}

/** Who chose that what this step has changed stays; undefined: its lease undoes it. */
export function stepKeptBy(run: Run, path: string): string | undefined {
  const approvalId = run.steps.get(path)?.approvalId;
  return run.grants.find((one) => one.approvalId === approvalId)?.keptBy;
}
