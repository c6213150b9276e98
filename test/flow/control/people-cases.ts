import { type Case, rows } from "./cases.ts";
import { nothing, type Situation } from "./situation.ts";
import { cancel, ends, first, pass, pause, resume, start, take, votes } from "./stories.ts";

const ASKS: Partial<Situation> = { autonomy: "{ P1: approve }" };
const TWO: Partial<Situation> = { ...ASKS, approval: "{ required: 2 }" };
const WAITS: Partial<Situation> = { steps: "\n  - { id: stay, wait: 5m }\n  - STEP" };

/** What people say, or do not say. */
export const PEOPLE_CASES: readonly Case[] = rows(
  "after",
  ["nobody has decided yet", nothing, votes("approve", "anna"), "waits", /autonomy/, ASKS],
  ["somebody rejects", votes("reject", "ben"), votes("approve", "ben"), "ended", /^rejected by ben/, ASKS],
  [
    "nobody decides in time",
    pass(20),
    votes("approve", "anna"),
    "ended",
    /^expired by the clock: nobody decided in time/,
    ASKS,
  ],
  [
    "a decision that comes too late",
    first(pass(20), votes("approve", "anna")),
    first(pass(10), votes("approve", "anna")),
    "ended",
    /^expired/,
    ASKS,
  ],
  ["a stranger approves", votes("approve", "eve"), votes("approve", "anna"), "waits", /autonomy/, ASKS],
  [
    "somebody who may only read approves",
    votes("approve", "viewer"),
    votes("approve", "anna"),
    "waits",
    /autonomy/,
    ASKS,
  ],
  [
    "one approves where two are needed",
    votes("approve", "anna"),
    votes("approve", "anna", "ben"),
    "waits",
    /autonomy/,
    TWO,
  ],
  [
    "one approves twice where two are needed",
    votes("approve", "anna", "anna"),
    votes("approve", "anna", "ben"),
    "waits",
    /autonomy/,
    TWO,
  ],
  [
    "a token of nobody is the second",
    votes("approve", "anna", "robot"),
    votes("approve", "anna", "ben"),
    "waits",
    /autonomy/,
    TWO,
  ],
  [
    "whoever asked approves it alone",
    first(start, votes("approve", "anna")),
    first(start, votes("approve", "ben")),
    "waits",
    /autonomy/,
    { on: "manual", approval: "{ requester-may-approve: false }" },
  ],
  [
    "the alert ends before anybody decides",
    first(ends, votes("approve", "anna")),
    votes("approve", "anna"),
    "ended",
    /^resolved: the alert ended first/,
    ASKS,
  ],
  [
    "an approval that was not used in time",
    first(pause("global"), votes("approve", "anna"), pass(20), resume("global"), pass(1)),
    first(pause("global"), votes("approve", "anna"), pass(10), resume("global"), pass(1)),
    "waits",
    /autonomy/,
    ASKS,
  ],
  [
    "a person has taken the incident",
    first(take, votes("approve", "anna")),
    votes("approve", "anna"),
    "waits",
    /anna.* has taken over inc-1, until release$/,
    ASKS,
  ],
  ["a person cancels while it waits", first(cancel, pass(10)), pass(10), "ended", /^cancelled by anna/, WAITS],
  [
    "the alert ends while it waits",
    first(ends, pass(10)),
    pass(10),
    "ended",
    /^resolved: the alert ended first/,
    WAITS,
  ],
  [
    "everything is paused while it waits",
    first(pause("global"), pass(10)),
    pass(10),
    "waits",
    /global is paused/,
    WAITS,
  ],
);
