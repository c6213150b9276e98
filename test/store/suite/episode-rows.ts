import type { SourceName } from "../../../src/core/alert.ts";
import type { EpisodeState } from "../../../src/core/episode.ts";
import type { Item } from "./subject.ts";

/** Bodies in order, each with how many items it must change, and what is known of `f1` afterwards. Times count from T0. */
export type Row = {
  rule: string;
  source?: SourceName;
  bodies: [Item | Item[], number][];
  leaves: Partial<EpisodeState> | undefined;
};

export const MINUTE = 60_000;
export const firing = (startsAt = -5 * MINUTE, more: Item = {}): Item => ({ status: "firing", startsAt, ...more });
export const resolved = (endsAt = 0): Item => ({ status: "resolved", startsAt: -5 * MINUTE, endsAt });
const unknown: Item = { status: "unknown" };
const text = (summary: string): Item => firing(-5 * MINUTE, { annotations: { summary } });
const OPEN = { status: "firing", opening: 1, doubtful: false } as const;

/** Section 14.1 as a table. */
export const ROWS: Row[] = [
  { rule: "firing opens", bodies: [[firing(), 1]], leaves: { ...OPEN, startsAt: -5 * MINUTE } },
  {
    rule: "the same body again changes nothing",
    bodies: [
      [firing(), 1],
      [firing(), 0],
    ],
    leaves: OPEN,
  },
  {
    rule: "firing on an open episode is the same one whatever its startsAt",
    bodies: [
      [firing(), 1],
      [firing(-MINUTE), 0],
      [firing(-9 * MINUTE), 0],
    ],
    leaves: { ...OPEN, startsAt: -5 * MINUTE },
  },
  {
    rule: "changed content is assessed again",
    bodies: [
      [text("a"), 1],
      [text("b"), 1],
      [text("b"), 0],
      [text("a"), 1],
    ],
    leaves: OPEN,
  },
  {
    rule: "the order of labels and annotations means nothing",
    bodies: [
      [firing(0, { annotations: { a: "1", b: "2" } }), 1],
      [firing(0, { annotations: { b: "2", a: "1" } }), 0],
    ],
    leaves: OPEN,
  },
  {
    rule: "values that change places are a change",
    bodies: [
      [firing(0, { annotations: { a: "1", b: "2" } }), 1],
      [firing(0, { annotations: { a: "2", b: "1" } }), 1],
    ],
    leaves: OPEN,
  },
  {
    rule: "a letter that moves from name to value is a change",
    bodies: [
      [firing(0, { annotations: { ab: "c" } }), 1],
      [firing(0, { annotations: { a: "bc" } }), 1],
    ],
    leaves: OPEN,
  },
  {
    rule: "resolved closes",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
    ],
    leaves: { status: "resolved", opening: 1, endsAt: 5 },
  },
  {
    rule: "resolved without an end closes now",
    bodies: [
      [firing(), 1],
      [{ status: "resolved" }, 1],
    ],
    leaves: { status: "resolved" },
  },
  {
    rule: "resolved twice closes once, and the later end counts",
    bodies: [
      [firing(), 1],
      [resolved(6), 1],
      [resolved(7), 0],
      [resolved(5), 0],
    ],
    leaves: { status: "resolved", opening: 1, endsAt: 7 },
  },
  {
    rule: "resolved without an episode is remembered and no change",
    bodies: [[resolved(5), 0]],
    leaves: { status: "resolved", opening: 0, endsAt: 5 },
  },
  {
    rule: "firing that a resolved of the very first episode has overtaken is doubtful",
    bodies: [
      [resolved(5), 0],
      [firing(), 1],
    ],
    leaves: { ...OPEN, doubtful: true },
  },
  {
    rule: "firing that a resolved has overtaken is doubtful, also after earlier episodes",
    bodies: [
      [firing(-9 * MINUTE), 1],
      [resolved(-1), 1],
      [resolved(5), 0],
      [firing(2), 1],
    ],
    leaves: { ...OPEN, opening: 2, startsAt: 2, doubtful: true },
  },
  {
    rule: "firing after a resolved that nothing was open for is not doubtful",
    bodies: [
      [resolved(5), 0],
      [firing(6), 1],
    ],
    leaves: { ...OPEN, startsAt: 6 },
  },
  {
    rule: "the end of a former firing, long before the opening, is ignored",
    bodies: [
      [firing(), 1],
      [{ status: "resolved", startsAt: -9 * MINUTE, endsAt: -6 * MINUTE }, 0],
    ],
    leaves: OPEN,
  },
  {
    rule: "the end of the firing that is open closes it, however late both are told",
    bodies: [
      [firing(), 1],
      [resolved(-4 * MINUTE), 1],
    ],
    leaves: { status: "resolved", opening: 1, endsAt: -4 * MINUTE },
  },
  {
    rule: "an end before the opening does not close a doubtful firing, which an end is known of already",
    bodies: [
      [firing(), 1],
      [resolved(-3 * MINUTE), 1],
      [firing(), 1],
      [resolved(-3 * MINUTE), 0],
    ],
    leaves: { ...OPEN, opening: 2, doubtful: true },
  },
  {
    rule: "resolved just before the opening closes, since clocks differ",
    bodies: [
      [firing(), 1],
      [resolved(-MINUTE), 1],
    ],
    leaves: { status: "resolved", endsAt: -MINUTE },
  },
  {
    rule: "firing on a closed episode opens the next",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
      [firing(6), 1],
    ],
    leaves: { ...OPEN, opening: 2, startsAt: 6 },
  },
  {
    rule: "firing that started before the end is doubtful",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
      [firing(5), 1],
    ],
    leaves: { ...OPEN, opening: 2, doubtful: true },
  },
  {
    rule: "firing, resolved, firing with identical bodies is three changes",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
      [firing(), 1],
    ],
    leaves: { ...OPEN, opening: 2, doubtful: true },
  },
  {
    rule: "doubt ends with a firing that started after the end",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
      [firing(5), 1],
      [firing(7), 1],
    ],
    leaves: { ...OPEN, opening: 2, startsAt: 7 },
  },
  {
    rule: "unknown keeps the episode, marked",
    bodies: [
      [firing(), 1],
      [unknown, 1],
      [{ ...unknown, startsAt: 1 }, 0],
    ],
    leaves: { status: "unknown", opening: 1 },
  },
  { rule: "unknown opens nothing", bodies: [[unknown, 0]], leaves: undefined },
  {
    rule: "unknown on a closed episode is nothing",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
      [unknown, 0],
    ],
    leaves: { status: "resolved", endsAt: 5 },
  },
  {
    rule: "firing after unknown is the same episode",
    bodies: [
      [firing(), 1],
      [unknown, 1],
      [firing(), 1],
    ],
    leaves: OPEN,
  },
  {
    rule: "resolved after unknown closes",
    bodies: [
      [firing(), 1],
      [unknown, 1],
      [resolved(5), 1],
    ],
    leaves: { status: "resolved", opening: 1 },
  },
  {
    rule: "items of one body apply in order",
    bodies: [[[firing(), resolved(5)], 2]],
    leaves: { status: "resolved", opening: 1 },
  },
  {
    rule: "only what changed is counted",
    bodies: [
      [[firing(), { fingerprint: "f2" }], 2],
      [[firing(), { fingerprint: "f2" }, { fingerprint: "f3" }], 1],
    ],
    leaves: OPEN,
  },
];
