import type { Actor } from "../../../src/core/decision.ts";
import type { Write } from "../../../src/core/store.ts";
import { ANNA, MINUTE } from "./house.ts";
import { ACTS, alertOf, bodyOf, type Story } from "./situation.ts";

const BEN: Actor = { name: "ben", via: "api", role: "operator", apiToken: "ben-cli", person: "ben" };
const EVE: Actor = { name: "eve", via: "api", role: "operator", apiToken: "eve-cli" };
const ROBOT: Actor = { name: "robot", via: "api", role: "operator", apiToken: "robot" };
const VIEWER: Actor = { ...ANNA, role: "viewer" };
export const PEOPLE = { anna: ANNA, ben: BEN, eve: EVE, robot: ROBOT, viewer: VIEWER } as const;

/** Several stories in a row. */
export function first(...stories: readonly Story[]): Story {
  return async (house) => {
    for (const story of stories) await story(house);
  };
}

export const pass =
  (minutes: number): Story =>
  (house) =>
    house.pass(minutes * MINUTE);

export const pause =
  (scope: string, minutes?: number): Story =>
  (house) =>
    house.decide({
      verb: "pause",
      scope,
      reason: "hands off",
      ...(minutes !== undefined && { for: minutes * MINUTE }),
    });

export const resume =
  (scope: string): Story =>
  (house) =>
    house.decide({ verb: "resume", scope });

/** Decides every pending approval as this person; what is refused stays pending. */
export const votes =
  (verb: "approve" | "reject", ...people: readonly (keyof typeof PEOPLE)[]): Story =>
  async (house) => {
    for (const person of people)
      for (const approval of await house.pending()) await house.decide({ verb, approval }, PEOPLE[person]);
  };

export const take: Story = (house) => house.decide({ verb: "take", incident: "inc-1" });

export const cancel: Story = async (house) => {
  for (const run of await house.runs()) await house.decide({ verb: "cancel", run: run.created.id });
};

/** Starts the playbook by hand. */
export const start: Story = (house) => house.decide({ verb: "run", playbook: "respond", vars: {} }, ANNA);

/** The usual alert fires, or ends. */
export const fires: Story = (house) => house.send(bodyOf(house, alertOf(ACTS)));
export const ends: Story = (house) => house.send(bodyOf(house, { ...alertOf(ACTS), status: "resolved" }));
/** It comes again with the start that it had an hour before: a late duplicate. */
export const firesLate: Story = (house) =>
  house.send(bodyOf(house, { ...alertOf(ACTS), startsAt: house.clock.at - 60 * MINUTE }));

/** An incident of another service, whose run holds `takes`. */
export const otherRun =
  (takes: string): Story =>
  (house) =>
    house.send(bodyOf(house, { labels: { alertname: "Other", service: "other", severity: "critical", takes } }));

/** What an earlier night left in the store. */
export const left =
  (...writes: readonly Write[]): Story =>
  (house) =>
    house.store.commit({ checks: [], writes });

export const demoted = left(
  { write: "put", kind: "demotion", id: "respond", body: { playbook: "respond", failures: 3, demoted: true, at: 1 } },
  { write: "index", index: "demotions", member: "respond", score: 1 },
);

/** Ten targets that are known, so many of which alert. */
export const fleet =
  (alerting: number): Story =>
  (house) => {
    const targets = Array.from({ length: 10 }, (_, n) => `thing:${n}`);
    const row =
      (index: string) =>
      (member: string): Write => ({ write: "index", index, member, score: house.clock.at });
    return left(...targets.map(row("targets:seen")), ...targets.slice(0, alerting).map(row("targets:alerting")))(house);
  };

/** A read step before the change gives this number, or fails. */
export const measures =
  (value: number | null | "failure"): Story =>
  async (house) => {
    house.measured.answer =
      value === "failure"
        ? { ok: false, reason: "unreachable", message: "nobody answers", retryable: false, sent: "no" }
        : { ok: true, done: true, output: { value } };
  };
