import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { drain, F1, group, holds, type MakeSubject, type Subject, write } from "./subject.ts";

const A = { fingerprint: "f1" };
const B = { fingerprint: "f2" };
const NONE = { accepted: 0, unchanged: 1 };

export function stream(make: MakeSubject): void {
  describe("repeats and the stream", () => {
    let subject: Subject;
    beforeEach(async () => {
      subject = await make();
    });

    it("100 identical bodies at once are one change and one entry", async () => {
      const [alerts, body] = group([A, B]);
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => subject.intake.accept(alerts, Buffer.from(body))),
      );
      const accepted = answers.reduce((sum, answer) => sum + answer.accepted, 0);
      const unchanged = answers.reduce((sum, answer) => sum + answer.unchanged, 0);
      assert.deepEqual([accepted, unchanged], [2, 198]);
      const [changed = [], ...more] = await drain(subject);
      assert.deepEqual([[...changed].sort(), more], [["f1", "f2"], []]);
    });

    it("a repeat is recognised by its digest alone, and refreshes what it carries", async () => {
      const { intake } = subject;
      const [alerts, body] = group([A, B]);
      assert.equal(await intake.repeated("alertmanager", body), undefined);
      await intake.accept(alerts, body);
      const before = await intake.lastSeen(F1);
      await subject.advance(10);
      assert.deepEqual(await intake.repeated("alertmanager", body), { accepted: 0, unchanged: 2 });
      assert.equal(await intake.repeated("grafana", body), undefined);
      const after = await intake.lastSeen(F1);
      assert.ok(after !== undefined && before !== undefined && after >= before + 10, `${before} ${after}`);
      assert.equal((await intake.states([F1]))[0]?.lastSeen, after);
    });

    it("repeats of a body do not refresh what that body left out", async () => {
      const { intake } = subject;
      await intake.accept(...group([A, B]));
      await subject.advance(10);
      const seen = await intake.lastSeen(F1);
      await intake.accept(...group([B]));
      await subject.advance(10);
      await intake.accept(...group([B]));
      assert.equal(await intake.lastSeen(F1), seen);
    });

    it("an entry tells whether all of its episodes are the first of their fingerprints, and fire", async () => {
      const { intake, store } = subject;
      const firsts = async () => (await intake.read({ count: 9, block: 0 })).map(({ first }) => first === true);
      const isFirst = (fingerprint: string) => holds(store, { check: "first", source: "alertmanager", fingerprint });
      assert.equal(await isFirst("f1"), false);
      await intake.accept(...group([A, B]));
      assert.deepEqual(await firsts(), [true]);
      assert.equal(await isFirst("f1"), true);
      await intake.accept(...group([A, { fingerprint: "f3" }]));
      await intake.accept(...group([{ ...A, annotations: { text: "changed" } }]));
      await intake.accept(...group([{ fingerprint: "f4" }, { fingerprint: "f4", annotations: { text: "twice" } }]));
      await intake.accept(...group([{ ...A, status: "resolved" }]));
      assert.deepEqual(await firsts(), [false, false, false, false]);
      assert.equal(await isFirst("f1"), false);
      const first = (fingerprint: string) => ({ check: "first", source: "alertmanager", fingerprint }) as const;
      const several = await store.commit({ checks: [first("f3"), first("f1"), first("f4")], writes: [] });
      assert.deepEqual(several, { ok: false, now: several.now, failed: first("f1") });
      await intake.accept(...group([{ fingerprint: "f5", status: "resolved", endsAt: 9_000 }]));
      await intake.accept(...group([{ fingerprint: "f5" }], "g2"));
      assert.deepEqual(await firsts(), [false]);
      assert.equal(await isFirst("f5"), false);
      for (const startsAt of [3_000, (await store.now()) + 3_600_000]) {
        await intake.accept(...group([{ ...A, startsAt }]));
        assert.deepEqual(await firsts(), [false]);
        assert.equal(await isFirst("f1"), false);
        await intake.accept(...group([{ ...A, status: "resolved" }]));
        await firsts();
      }
    });

    it("a body without alerts is nothing", async () => {
      assert.deepEqual(await subject.intake.accept(...group([])), { accepted: 0, unchanged: 0 });
      assert.deepEqual(await drain(subject), []);
    });

    it("another body of the group ends the repeat", async () => {
      const { intake } = subject;
      const [alerts, body] = group([A]);
      await intake.accept(alerts, body);
      await intake.accept(...group([A, B]));
      assert.equal(await intake.repeated("alertmanager", body), undefined);
      assert.deepEqual(await intake.accept(alerts, body), NONE);
    });

    for (const status of ["resolved", "unknown"] as const)
      it(`a body is no repeat after another group made one of its episodes ${status}`, async () => {
        const { intake } = subject;
        const [alerts, body] = group([A], "g1");
        await intake.accept(alerts, body);
        await intake.accept(...group([{ ...A, status }], "g2"));
        assert.equal(await intake.repeated("alertmanager", body), undefined);
        assert.deepEqual(await intake.accept(alerts, body), { accepted: 1, unchanged: 0 });
      });

    it("an entry carries its body, what changed, and when", async () => {
      const { intake, store } = subject;
      const t0 = await store.now();
      const [alerts, body] = group([{ ...A, annotations: { text: "ü€\u{1f525}" } }]);
      await intake.accept(alerts, body);
      const [entry, ...more] = await intake.read({ count: 9, block: 0 });
      assert.ok(entry);
      assert.deepEqual(
        [entry.source, entry.body, entry.changed, entry.deliveries, more],
        ["alertmanager", body.toString(), ["f1"], 1, []],
      );
      assert.ok(entry.acceptedAt >= t0 && entry.acceptedAt <= t0 + 5_000);
    });

    it("a large body is handed out, shown and reclaimed as it came, whether or not others sent the same", async () => {
      const { intake, store } = subject;
      const [alerts, body] = group([{ ...A, annotations: { text: "ü€\u{1f525}".repeat(10_000) } }, B]);
      const answers = await Promise.all(Array.from({ length: 20 }, () => intake.accept(alerts, Buffer.from(body))));
      assert.equal(
        answers.reduce((sum, { accepted }) => sum + accepted, 0),
        2,
      );
      await intake.accept(...group([{ fingerprint: "small" }], "g2"));
      const text = body.toString();
      const bodies = (await intake.read({ count: 9, block: 0 })).map((entry) => entry.body);
      assert.equal(bodies.length, 2);
      assert.equal(bodies[0], text);
      assert.equal((await intake.waiting(1))[0]?.body, text);
      await subject.advance(20);
      const [again] = await intake.reclaim(10);
      assert.equal(again?.body, text);
      await write(store, { write: "ack", entry: again?.id ?? "" });
      assert.equal((await intake.waiting(9)).length, 1);
    });

    it("an entry is handed out once, reclaimed when it lies idle, and gone once acknowledged", async () => {
      const { intake, store } = subject;
      await intake.accept(...group([A]));
      const [entry] = await intake.read({ count: 9, block: 0 });
      assert.deepEqual(await intake.read({ count: 9, block: 0 }), []);
      assert.deepEqual(await intake.reclaim(60_000), []);
      await subject.advance(20);
      const [again] = await intake.reclaim(10);
      assert.deepEqual([again?.id, again?.deliveries], [entry?.id, 2]);
      await subject.advance(20);
      assert.equal((await intake.reclaim(10))[0]?.deliveries, 3);
      await write(store, { write: "ack", entry: entry?.id ?? "" });
      await subject.advance(20);
      assert.deepEqual(await intake.reclaim(10), []);
      assert.deepEqual(await intake.waiting(9), []);
    });

    it("what waits is visible with its age until it is acknowledged", async () => {
      const { intake, store } = subject;
      assert.deepEqual(await intake.backlog(), { entries: 0, oldestAge: 0 });
      await intake.accept(...group([A], "g1"));
      await intake.accept(...group([B], "g2"));
      await subject.advance(15);
      const { entries, oldestAge } = await intake.backlog();
      assert.equal(entries, 2);
      assert.ok(oldestAge >= 15 && oldestAge < 5_000, `${oldestAge}`);
      await intake.read({ count: 1, block: 0 });
      const waiting = await intake.waiting(9);
      assert.deepEqual(
        waiting.map(({ changed, deliveries }) => [changed, deliveries]),
        [
          [["f1"], 1],
          [["f2"], 0],
        ],
      );
      await write(store, { write: "ack", entry: waiting[0]?.id ?? "" });
      assert.deepEqual(
        (await intake.waiting(9)).map(({ changed }) => changed),
        [["f2"]],
      );
    });

    it("a blocking read wakes up when an entry arrives, and returns empty when none does", async () => {
      const { intake } = subject;
      assert.deepEqual(await intake.read({ count: 9, block: 10 }), []);
      const waiting = intake.read({ count: 9, block: 4_000 });
      await intake.accept(...group([A]));
      assert.deepEqual(
        (await waiting).map(({ changed }) => changed),
        [["f1"]],
      );
    });
  });
}
