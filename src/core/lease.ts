import type { Undo } from "./action.ts";
import { digestOf } from "./hash.ts";
import { canonicalJson } from "./json.ts";
import type { Instant } from "./time.ts";

export type LeaseStatus = "active" | "reverting" | "reverted" | "failed" | "superseded";

/** The promise to undo a mitigation at a time (document kind `lease`). */
export type Lease = {
  id: string;
  runId: string;
  incidentId?: string;
  playbook: string;
  step: string;
  target: string;
  /** What will be done to undo it, in words. */
  describe: string;
  undo: Undo;
  onEnd: { kind: "revert" } | { kind: "playbook"; name: string };
  status: LeaseStatus;
  createdAt: Instant;
  endsAt: Instant;
  /** The run that undoes it, once it started. */
  revertRun?: string;
  /** How often undoing was tried and failed. */
  attempts: number;
  extendedBy?: readonly string[];
  /** Who ended it ahead of its time. */
  revertedBy?: { by: string; at: Instant };
  /** Since when `release-when` has held without a break. */
  heldSince?: Instant;
  /** Why undoing it failed last. */
  failure?: string;
};

/** What of an undo says which field it changes: everything but the values. */
export function leaseField({ undo }: Pick<Lease, "undo">): string {
  const { value: _, expected: __, ...field } = undo.with;
  return digestOf(undo.uses, canonicalJson(field));
}
