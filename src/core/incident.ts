import type { Severity } from "./severity.ts";
import type { Instant } from "./time.ts";

export type IncidentStatus = "open" | "mitigated" | "resolved";

/** The open problem of one correlation key (document kind `incident`). Episodes stand in the set `incident:ID:episodes`. */
export type Incident = {
  /** `inc-12`. */
  id: string;
  /** Correlation key: `service=litellm,cluster=prod`. */
  key: string;
  labels: Readonly<Record<string, string>>;
  title: string;
  severity: Severity;
  status: IncidentStatus;
  /** Counts re-openings; part of a run's identity. */
  opening: number;
  openedAt: Instant;
  resolvedAt?: Instant;
  /** Earliest `startsAt` of its alerts; MTTR counts from it. */
  startedAt: Instant;
  runs: readonly string[];
  leases: readonly string[];
  acknowledged?: { by: string; at: Instant; until: Instant };
  /** Who said "hands off, I am on it"; pauses this incident's mutations until release. */
  taken?: { by: string; at: Instant };
  /** Set once, when a ladder is exhausted; a higher severity clears it, for it selects anew. */
  escalatedAt?: Instant;
  /** The approval whose lapse had called people already when the ladder was exhausted by it. */
  escalatedFor?: string;
  /** Targets whose ladder has no playbook left, as the timeline says. */
  exhausted?: readonly string[];
  /** When the severity rose in the present opening: every target selects its playbooks anew. */
  raisedAt?: Instant;
  /** The moment of the present opening, when it is not the first. */
  reopenedAt?: Instant;
  /** When an alert last joined this opening; a recovery that was measured before says nothing about that alert. */
  joinedAt?: Instant;
  /** Per target, when a lease was undone there while an alert still fired; a success before it does not count any more. */
  exposed?: Readonly<Record<string, Instant>>;
  /** Sizes of the sets `incident:ID:firing` and `incident:ID:episodes`; assess changes both in one commit. */
  counts?: { firing: number; total: number };
  /** Of the present opening: target → the latest run of its ladder; removing an entry makes assess select anew. */
  ladders?: Readonly<Record<string, string>>;
  /** The wake-up that assess has planned, so that a storm does not put it off for ever. */
  reassessAt?: Instant;
  /** Standing remarks that the timeline has already (why no playbook runs, what cannot be measured), so that they are said once. */
  noted?: readonly string[];
};

/** The key of an incident that a person's run makes for itself. */
export function manualKey(id: string): string {
  return `manual=${id}`;
}

/** Whether a person's run made it: no alert fires for it, and it ends with the run. */
export function isManual({ id, key }: Pick<Incident, "id" | "key">): boolean {
  return key === manualKey(id);
}
