import type { AlertGroup, SourceName } from "../../core/alert.ts";
import type { Config } from "../../core/config.ts";
import type { AlertRecord } from "../../core/episode.ts";
import type { Incident } from "../../core/incident.ts";
import type { Intake } from "../../core/intake.ts";
import type { Log } from "../../core/log.ts";
import type { MatchIndex } from "../../core/match-index.ts";
import type { Metrics } from "../../core/metrics.ts";
import type { RunCreated } from "../../core/run/events.ts";
import type { Severity } from "../../core/severity.ts";
import type { Check, Store, Write } from "../../core/store.ts";
import type { Instant, Milliseconds } from "../../core/time.ts";
import type { NewRun } from "../run/advance.ts";
import type { RunPlan, RunRefused, RunRequest } from "../run/create-run.ts";
import type { Ahead } from "./ahead.ts";
import type { FactReader } from "./facts.ts";
import type { KeyedLocks } from "./locks.ts";

/** Part of one commit. */
export type Extra = { checks: readonly Check[]; writes: readonly Write[] };

/**
 * A member of the due set that is worth waking without waiting for the sweeper, now or after `delay`. `created`: of a new run.
 */
export type Wake = { member: string; at: Instant; delay?: Milliseconds; created?: RunCreated };

/** Part of one commit and the wake-ups that follow it. */
export type Part = Extra & { wakes: readonly Wake[] };

/** Whether the source still knows the alert of this episode. */
export type Presence = "firing" | "gone" | "unreadable";

/** What assess needs from outside. Hooks give writes that go into the same commit as the change they belong to. */
export type AssessPorts = {
  store: Store;
  intake: Intake;
  /** The pure parser of the source. @throws AppError `invalid_request` when the body cannot be read. */
  parse(source: SourceName, body: string): AlertGroup;
  config: Pick<Config, "incidents" | "facts" | "severity" | "vars" | "reports">;
  /** The playbooks in force now. */
  index(): MatchIndex;
  facts: FactReader;
  planRun(request: RunRequest): RunPlan | RunRefused;
  /** Withdraws approvals and cancels runs of an incident that has just recovered. */
  resolvedWrites(incident: Incident, now: Instant): Promise<Extra>;
  /** Plans the levels of escalation that count from the opening of an incident, or from its coming back. */
  openedPart(incident: Incident, now: Instant): Part;
  /** Re-arms escalation and announces pending approvals again. */
  raisedWrites(incident: Incident, from: Severity, now: Instant): Promise<Extra>;
  /** Pages people about alerts that could not be assessed. */
  poisonWrites(records: readonly AlertRecord[], now: Instant): Promise<Extra>;
  stillFiring(record: AlertRecord): Promise<Presence>;
  /** A place for a new run in this process: its creating commit claims it, and it begins at once. Undefined: the queue wakes it. */
  placeForRun(): { begin(run: NewRun): void; leave(): void } | undefined;
  /** Length of such a claim. */
  claimFor: Milliseconds;
  /** Of the process; see `NewRun`. */
  monotonic(): number;
  /** Best effort: the due set is the truth. */
  wake(wakes: readonly Wake[]): void;
  log: Pick<Log, "info" | "warn" | "error">;
  metrics: Pick<Metrics, "poisoned">;
};

/** The ports and what one process keeps between assessments. */
export type AssessDeps = AssessPorts & {
  /** Per correlation key: keeps this process from racing itself; the store's checks keep others. */
  locks: KeyedLocks<Ahead>;
  /** Lets one heavy piece of work run per turn of the event loop. */
  turn(): Promise<void>;
  /** Correlation key → incident as last seen; verified by every use. */
  current: Map<string, string>;
  /** How far the store's time is ahead of this process's monotonic one, by its last answer that told its time. */
  storeTime: { ahead?: Milliseconds };
  /** Alerts of accepted bodies that this process is assessing. */
  load: { alerts: number };
  /** Wakes, runs first and the rest gathered. */
  rouse(wakes: readonly Wake[]): void;
};

/** The hash that points from a correlation key to the incident that new alerts join. */
export const CURRENT = "incidents:open";

/** An empty part. */
export const NOTHING: Part = { checks: [], writes: [], wakes: [] };

/** Joins parts in order. In plain loops: a storm joins hundreds of parts per group. */
export function joinParts(parts: readonly (Extra & { wakes?: readonly Wake[] })[]): Part {
  const checks: Check[] = [];
  const writes: Write[] = [];
  const wakes: Wake[] = [];
  for (const part of parts) {
    for (const check of part.checks) checks.push(check);
    for (const write of part.writes) writes.push(write);
    if (part.wakes) for (const wake of part.wakes) wakes.push(wake);
  }
  return { checks, writes, wakes };
}
