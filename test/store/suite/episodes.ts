import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { EpisodeState } from "../../../src/core/episode.ts";
import { CHANGE_ROWS } from "./change-rows.ts";
import { firing, ROWS, resolved } from "./episode-rows.ts";
import { drain, F1, group, type Item, type MakeSubject, type Subject } from "./subject.ts";

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

    for (const { rule, bodies, leaves, source = "alertmanager" } of [...ROWS, ...CHANGE_ROWS]) {
      it(rule, async () => {
        for (const [items, accepted] of bodies) {
          const list = [items].flat();
          const answer = await subject.intake.accept(...group(list.map(shifted), "g", source));
          assert.deepEqual(answer, { accepted, unchanged: list.length - accepted });
          const changed = await drain(subject);
          assert.deepEqual(changed.length, accepted > 0 ? 1 : 0, "an entry exactly when something changed");
        }
        const [state] = await subject.intake.states([{ ...F1, source }]);
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

    it("a look gives the state and the records of the latest episodes, the present one first", async () => {
      const { intake, store } = subject;
      const id = (opening: number) => `alertmanager-f1-${opening}`;
      for (const at of [0, 20, 40]) {
        await intake.accept(...group([firing(t0 + at)]));
        await intake.accept(...group([shifted(resolved(at + 10))]));
      }
      const put = (opening: number) =>
        ({ write: "put", kind: "alert", id: id(opening), body: { id: id(opening) } }) as const;
      await store.commit({ checks: [], writes: [put(1), put(3)] });
      const none = { source: "alertmanager", fingerprint: "none" } as const;
      const { now, lineages } = await intake.look([none, F1], 2);
      assert.ok(now >= t0);
      assert.equal(lineages[0], undefined);
      assert.equal(lineages[1]?.state.opening, 3);
      assert.deepEqual(
        lineages[1]?.records.map((doc) => doc && [doc.rev, doc.body.id]),
        [[1, id(3)], undefined, [1, id(1)]],
      );
      assert.equal((await intake.look([F1], 0)).lineages[0]?.records.length, 1);
      assert.equal((await intake.look([F1], 9)).lineages[0]?.records.length, 3, "no further back than the first");
      assert.deepEqual((await intake.look([], 3)).lineages, []);
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
