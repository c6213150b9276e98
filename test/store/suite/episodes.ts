import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { EpisodeState } from "../../../src/core/episode.ts";
import { drain, F1, group, type Item, type MakeSubject, type Subject } from "./subject.ts";

/** Bodies in order, each with how many items it must change, and what is known of `f1` afterwards. Times count from T0. */
type Row = { rule: string; bodies: [Item | Item[], number][]; leaves: Partial<EpisodeState> | undefined };

const MINUTE = 60_000;
const firing = (startsAt = -5 * MINUTE, more: Item = {}): Item => ({ status: "firing", startsAt, ...more });
const resolved = (endsAt = 0): Item => ({ status: "resolved", startsAt: -5 * MINUTE, endsAt });
const unknown: Item = { status: "unknown" };
const text = (summary: string): Item => firing(-5 * MINUTE, { annotations: { summary } });
const OPEN = { status: "firing", opening: 1, doubtful: false } as const;

const ROWS: Row[] = [
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
    rule: "resolved twice closes once",
    bodies: [
      [firing(), 1],
      [resolved(5), 1],
      [resolved(6), 0],
    ],
    leaves: { status: "resolved", endsAt: 5 },
  },
  { rule: "resolved without an episode is harmless", bodies: [[resolved(5), 0]], leaves: undefined },
  {
    rule: "resolved before firing is harmless",
    bodies: [
      [resolved(5), 0],
      [firing(), 1],
    ],
    leaves: OPEN,
  },
  {
    rule: "resolved that ended long before the opening is ignored",
    bodies: [
      [firing(), 1],
      [resolved(-2 * MINUTE - 5_000), 0],
    ],
    leaves: OPEN,
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

export function episodes(make: MakeSubject): void {
  describe("episodes", () => {
    let subject: Subject;
    let t0: number;
    beforeEach(async () => {
      subject = await make();
      t0 = await subject.store.now();
    });
    const shifted = (item: Item): Item => ({
      ...item,
      ...(item.startsAt === undefined ? {} : { startsAt: t0 + item.startsAt }),
      ...(item.endsAt === undefined ? {} : { endsAt: t0 + item.endsAt }),
    });

    for (const { rule, bodies, leaves } of ROWS) {
      it(rule, async () => {
        for (const [items, accepted] of bodies) {
          const list = [items].flat();
          const answer = await subject.intake.accept(...group(list.map(shifted)));
          assert.deepEqual(answer, { accepted, unchanged: list.length - accepted });
          const changed = await drain(subject);
          assert.deepEqual(changed.length, accepted > 0 ? 1 : 0, "an entry exactly when something changed");
        }
        const [state] = await subject.intake.states([F1]);
        if (leaves === undefined) return assert.equal(state, undefined);
        assert.ok(state);
        assert.deepEqual(pick(state, leaves), shifted(leaves as Item));
        assert.equal(state.endsAt === undefined, state.status !== "resolved");
        assert.ok(state.openedAt >= t0 && state.lastSeen >= state.openedAt);
      });
    }

    it("takes 5,000 items and fingerprints of any text", async () => {
      const odd = ["arn:aws:cloudwatch:eu-west-1:1:alarm:ü", "a\u0000b", "x".repeat(70_000), '"]'];
      const many = Array.from({ length: 5_000 }, (_, n) => ({ fingerprint: `f${n}` }));
      const items = [...odd.map((fingerprint) => ({ fingerprint })), ...many];
      assert.deepEqual(await subject.intake.accept(...group(items)), { accepted: 5_004, unchanged: 0 });
      const [changed = []] = await drain(subject);
      const wanted = items.map(({ fingerprint }) => fingerprint).sort();
      assert.ok([...changed].sort().every((fingerprint, at) => fingerprint === wanted[at]) && changed.length === 5_004);
      const keys = [...odd, "f4999", "none"].map((fingerprint) => ({ source: "alertmanager", fingerprint }) as const);
      const states = await subject.intake.states(keys);
      assert.deepEqual(
        states.map((state) => state?.opening),
        [1, 1, 1, 1, 1, undefined],
      );
    });

    it("sources do not share episodes", async () => {
      const [alerts, body] = group([firing(t0)]);
      await subject.intake.accept(alerts, body);
      const grafana = { ...alerts, source: "grafana" as const };
      assert.deepEqual(await subject.intake.accept(grafana, body), { accepted: 1, unchanged: 0 });
      assert.equal(await subject.intake.lastSeen({ source: "eventbridge", fingerprint: "f1" }), undefined);
    });

    it("vanish closes the opening it names, and only if that is open", async () => {
      const { intake } = subject;
      assert.equal(await intake.vanish(F1, 1), false);
      await intake.accept(...group([firing(t0)]));
      assert.equal(await intake.vanish(F1, 2), false);
      assert.equal(await intake.vanish(F1, 1), true);
      assert.equal(await intake.vanish(F1, 1), false);
      const [state] = await intake.states([F1]);
      assert.deepEqual([state?.status, (state?.endsAt ?? 0) >= t0], ["resolved", true]);
      const again = await intake.accept(...group([firing(t0)]));
      assert.deepEqual(again, { accepted: 1, unchanged: 0 }, "the last digest is no repeat any more");
    });

    it("forgets closed episodes that were not seen since, and silent groups", async () => {
      const { intake } = subject;
      await intake.accept(...group([{ fingerprint: "open" }, firing(t0)]));
      await intake.accept(...group([{ fingerprint: "open" }, shifted(resolved(5))]));
      assert.equal(await intake.forget(t0), 0);
      await subject.advance(5);
      assert.equal(await intake.forget((await subject.store.now()) - 1), 1);
      const states = await intake.states([F1, { ...F1, fingerprint: "open" }]);
      assert.deepEqual(
        states.map((state) => state?.status),
        [undefined, "firing"],
      );
    });
  });
}

function pick(state: EpisodeState, like: Partial<EpisodeState>): object {
  return Object.fromEntries(Object.entries(state).filter(([key]) => key in like));
}
