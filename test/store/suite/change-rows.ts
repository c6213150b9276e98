import { MINUTE, type Row } from "./episode-rows.ts";
import type { Item } from "./subject.ts";

const at = (status: Item["status"], time: number): Item => ({
  ...(status && { status }),
  startsAt: time,
  ...(status === "resolved" && { endsAt: time }),
});
const alarm = (time: number): Item => at("firing", time);
const ok = (time: number): Item => at("resolved", time);
const noData = (time: number): Item => at("unknown", time);
const OPEN = { status: "firing", doubtful: false } as const;
const source = "cloudwatch";

/** A source that tells each change once, by one clock: what is older than the latest known change says nothing of the present. */
export const CHANGE_ROWS: Row[] = [
  {
    rule: "an OK from before the alarm that opened does not close",
    source,
    bodies: [
      [alarm(0), 1],
      [ok(-MINUTE), 0],
      [ok(-1), 0],
    ],
    leaves: { ...OPEN, opening: 1, startsAt: 0 },
  },
  {
    rule: "an OK that a newer ALARM has overtaken does not close, and the one that ends it does",
    source: "eventbridge",
    bodies: [
      [alarm(-5 * MINUTE), 1],
      [alarm(-MINUTE), 0],
      [ok(-2 * MINUTE), 0],
      [ok(-MINUTE), 1],
    ],
    leaves: { status: "resolved", opening: 1, startsAt: -5 * MINUTE, endsAt: -MINUTE },
  },
  {
    rule: "an OK of the former episode does not close the present one",
    source,
    bodies: [
      [alarm(-5 * MINUTE), 1],
      [ok(-4 * MINUTE), 1],
      [alarm(-2 * MINUTE), 1],
      [ok(-3 * MINUTE), 0],
    ],
    leaves: { ...OPEN, opening: 2, startsAt: -2 * MINUTE },
  },
  {
    rule: "an ALARM from before the latest one changes nothing, so that its OK does not close",
    source,
    bodies: [
      [alarm(-MINUTE), 1],
      [{ ...alarm(-5 * MINUTE), annotations: { summary: "older" } }, 0],
      [ok(-2 * MINUTE), 0],
    ],
    leaves: { ...OPEN, opening: 1, startsAt: -MINUTE },
  },
  {
    rule: "an OK that comes long after its time closes, also where the ALARM came late",
    source,
    bodies: [
      [alarm(-50 * MINUTE), 1],
      [ok(-40 * MINUTE), 1],
    ],
    leaves: { status: "resolved", opening: 1, endsAt: -40 * MINUTE },
  },
  {
    rule: "INSUFFICIENT_DATA from before the ALARM says nothing of it",
    source,
    bodies: [
      [alarm(0), 1],
      [noData(-1), 0],
    ],
    leaves: { ...OPEN, opening: 1 },
  },
  {
    rule: "what is older than INSUFFICIENT_DATA says nothing, and what is newer does",
    source,
    bodies: [
      [alarm(-9 * MINUTE), 1],
      [noData(-5 * MINUTE), 1],
      [alarm(-6 * MINUTE), 0],
      [ok(-7 * MINUTE), 0],
      [alarm(-4 * MINUTE), 1],
      [noData(-5 * MINUTE), 0],
    ],
    leaves: { ...OPEN, opening: 1, startsAt: -9 * MINUTE },
  },
  {
    rule: "an ALARM whose OK is known opens nothing and is shown as over",
    source,
    bodies: [
      [ok(-MINUTE), 0],
      [alarm(-2 * MINUTE), 1],
      [alarm(-2 * MINUTE), 0],
    ],
    leaves: { status: "resolved", opening: 1, startsAt: -2 * MINUTE, endsAt: -MINUTE, doubtful: false },
  },
  {
    rule: "an ALARM that is delivered again after its OK is a repeat",
    source,
    bodies: [
      [alarm(-5 * MINUTE), 1],
      [ok(-MINUTE), 1],
      [alarm(-5 * MINUTE), 0],
      [alarm(-2 * MINUTE), 0],
      [ok(-MINUTE), 0],
    ],
    leaves: { status: "resolved", opening: 1, startsAt: -5 * MINUTE, endsAt: -MINUTE },
  },
  {
    rule: "an ALARM after an OK that was overtaken opens the next",
    source,
    bodies: [
      [ok(-5 * MINUTE), 0],
      [alarm(-6 * MINUTE), 1],
      [alarm(-4 * MINUTE), 1],
      [ok(-5 * MINUTE), 0],
    ],
    leaves: { ...OPEN, opening: 2, startsAt: -4 * MINUTE },
  },
];
