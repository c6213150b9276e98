import type { AlertGroup } from "../../core/alert.ts";
import type { IntakeEntry } from "../../core/intake.ts";
import { CHUNK } from "./batches.ts";
import type { AssessDeps, AssessPorts } from "./deps.ts";
import { assessEntries } from "./entry.ts";
import { createLocks, createTurnstile } from "./locks.ts";
import { assessPlan, type PlannedGroup } from "./plan.ts";
import { reassess } from "./reassess.ts";
import { reassessWaiting } from "./reassess-waiting.ts";
import { createRouser } from "./rouse.ts";
import { type AssessWorker, startWorker } from "./worker.ts";

/** The second hop: from accepted bodies to incidents and runs. */
export type Assess = {
  /** Assesses one accepted body and acknowledges it. */
  entry(entry: IntakeEntry): Promise<void>;
  /** Takes the wake-ups `incident:ID` and `assess:HASH:TIME`. */
  wake(member: string): Promise<void>;
  /** What would become of a body; stores nothing. */
  plan(group: AlertGroup): Promise<PlannedGroup>;
  /** Takes accepted bodies until it is stopped. */
  start(): AssessWorker;
};

/** The ports with what one process keeps between assessments. */
export function createDeps(ports: AssessPorts): AssessDeps {
  const load = { alerts: 0 };
  return {
    ...ports,
    locks: createLocks(),
    turn: createTurnstile(),
    current: new Map(),
    storeTime: {},
    load,
    rouse: createRouser(ports.wake, () => load.alerts > CHUNK),
  };
}

/** Wires the hop; nothing happens before `start`. */
export function createAssess(ports: AssessPorts): Assess {
  const deps = createDeps(ports);
  return {
    entry: (entry) => assessEntries(deps, [entry]),
    wake: (member) =>
      member.startsWith("incident:") ? reassess(deps, member.slice("incident:".length)) : reassessWaiting(deps, member),
    plan: (group) => assessPlan(deps, group),
    start: () =>
      startWorker({ intake: ports.intake, log: ports.log, assess: (entries) => assessEntries(deps, entries) }),
  };
}
