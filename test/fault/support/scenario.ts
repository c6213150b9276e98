import type { RunEventType } from "../../../src/core/run/events.ts";
import type { House } from "./house.ts";
import type { Act } from "./people.ts";

/** A playbook, what people do meanwhile, and what must come of it however often its workers die. */
export type Scenario = {
  playbook: string;
  /** One look by people; repeated until everything has settled. */
  people: Act;
  prepare?(house: House): void;
  /** State of the run that the alert started, when nothing is left in doubt. */
  ends: string;
  /** What reaches the systems, in order; never more. */
  effects: readonly string[];
  /** Where a crash leaves an outcome that nobody can know; the run asks then. */
  doubts?: readonly `${"before" | "after"} ${RunEventType}`[];
  /** Boundaries tried; all when absent. The others are those of an earlier scenario. */
  only?: readonly RunEventType[];
  /** Events that this scenario is there for. */
  shows: readonly RunEventType[];
};

const HEAD = (target: string, autonomy: string) => `name: respond
match: ['service != ""']
target: ${target}
autonomy: { P1: ${autonomy} }
on-failure: [escalate]
`;
export const GATEWAY = "settings:gateway";
/** A step that sets SHED_RATE of the gateway. */
export const shed = (id: string, value: string, more = "") =>
  `{ id: ${id}, uses: settings.set, with: { connection: gateway, name: SHED_RATE, value: ${value} }${more} }`;
/** The text of a playbook on this target. */
export const playbook = (target: string, rest: string, autonomy = "auto") => HEAD(target, autonomy) + rest;
/** What a call leaves in the journal. */
export const CALLS: readonly RunEventType[] = ["intent", "started", "outcome"];
