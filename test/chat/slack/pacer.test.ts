import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createPacer } from "../../../src/chat/slack/pacer.ts";

describe("pacing", () => {
  test("lets a short burst through, then one per second; the last place of a burst is for what is urgent", () => {
    const pacer = createPacer();
    const take = (now: number, urgent = false) => pacer.take("C1", { by: "inc-1", now, urgent });
    assert.deepEqual([take(0), take(0), take(0)], [0, 0, 0]);
    assert.equal(take(0), 1000);
    assert.equal(take(0, true), 0);
    assert.equal(take(0, true), 1000);
    assert.equal(take(1000), 1000);
    assert.equal(take(1000, true), 0);
  });

  test("a held channel waits for exactly as long, another does not", () => {
    const pacer = createPacer();
    pacer.hold("C1", 30_000);
    assert.equal(pacer.take("C1", { by: "inc-1", now: 10_000, urgent: true }), 20_000);
    assert.equal(pacer.take("C2", { by: "inc-1", now: 10_000, urgent: false }), 0);
    assert.equal(pacer.take("C1", { by: "inc-1", now: 30_000, urgent: false }), 0);
    assert.equal(pacer.heldFor("C1", 29_000), 1000);
    assert.equal(pacer.heldFor("C3", 0), 0);
  });

  for (const urgent of [false, true]) {
    const who = urgent ? "a thousand whose messages are urgent" : "a thousand who wait";
    test(`${who} are served one per second without a gap, and none looks more often than twice a minute`, () => {
      const pacer = createPacer();
      const due = Array.from({ length: 1_000 }, (_, n) => ({ by: `inc-${n}`, at: 0, looks: 0 }));
      let [served, end] = [0, 0];
      for (let now = 0; served < due.length; now += 500) {
        for (const one of due.filter(({ at }) => at <= now)) {
          one.looks += 1;
          const wait = pacer.take("C", { by: one.by, now, urgent });
          one.at = wait === 0 ? Number.POSITIVE_INFINITY : now + wait;
          if (wait === 0) [served, end] = [served + 1, now];
        }
      }
      assert.ok(end < 1_000_000 + 5_000, `the last was served after ${end / 1_000} s`);
      const looks = due.reduce((sum, one) => sum + one.looks, 0);
      assert.ok(looks < 1_000 * (1 + (end / 60_000) * 2), `${looks} looks`);
    });
  }

  test("what is urgent is not told to wait behind those who wait already", () => {
    const pacer = createPacer();
    for (let asked = 0; asked < 20; asked += 1) pacer.take("C", { by: `inc-${asked}`, now: 0, urgent: false });
    assert.equal(pacer.take("C", { by: "inc-20", now: 0, urgent: true }), 0);
    assert.equal(pacer.take("C", { by: "inc-21", now: 0, urgent: true }), 1_000);
  });

  test("one that asks many times a second has one place, and the next one comes right after it", () => {
    const pacer = createPacer();
    const ask = (by: string, now: number) => pacer.take("C", { by, now, urgent: false });
    for (let asked = 0; asked < 3; asked += 1) assert.equal(ask("inc-1", 0), 0);
    for (let now = 0; now < 900; now += 10) assert.equal(ask("inc-1", now), 1_000 - now);
    assert.equal(ask("inc-2", 900), 1_100);
    assert.equal(ask("inc-1", 1_000), 0);
    assert.equal(ask("inc-1", 1_000), 2_000);
    assert.equal(ask("inc-2", 2_000), 0);
    assert.equal(ask("inc-1", 3_000), 0);
  });

  for (const slack of [0, 500])
    test(`those who come when they were told to are served then, however often another one asks (${slack} ms of credit left over)`, () => {
      const pacer = createPacer();
      const ask = (by: string, now: number) => pacer.take("C", { by, now, urgent: false });
      for (let asked = 0; asked < 3; asked += 1) assert.equal(ask("greedy", 0), 0);
      const due = ["inc-2", "inc-3"].map((by) => ({ by, at: ask(by, slack), times: 0 }));
      for (const one of due) one.at += slack;
      let greedy = 0;
      for (let now = slack; now < 60_000; now += 10) {
        if (ask("greedy", now) === 0) greedy += 1;
        for (const one of due.filter(({ at }) => at + 5 <= now)) {
          assert.equal(ask(one.by, now), 0, `${one.by} was told ${one.at}`);
          one.times += 1;
          one.at = now + ask(one.by, now);
        }
      }
      const times = due.map((one) => one.times);
      assert.ok(Math.min(...times, greedy) >= 18, `${times.join()} times, and the one that asks often ${greedy}`);
    });

  test("one that asks many times a second has no less while the others stay away", () => {
    const pacer = createPacer();
    const ask = (by: string, now: number) => pacer.take("C", { by, now, urgent: false });
    for (let asked = 0; asked < 3; asked += 1) ask("greedy", 0);
    for (let asked = 0; asked < 30; asked += 1) ask(`inc-${asked}`, 0);
    let served = 0;
    for (let now = 0; now <= 30_000; now += 10) if (ask("greedy", now) === 0) served += 1;
    assert.ok(served >= 28, `${served} times`);
  });

  test("whatever is asked, a channel gets at most the burst and one per second, and waiting as told always helps", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(700), fc.boolean(), fc.nat(5)), { maxLength: 200 }), (asks) => {
        const pacer = createPacer();
        let [now, taken] = [0, 0];
        for (const [pause, urgent, who] of asks) {
          now += pause;
          const wait = pacer.take("C", { by: `inc-${who}`, now, urgent });
          if (wait === 0) taken += 1;
          assert.ok(wait >= 0 && wait <= 60_000);
          assert.ok(taken <= 4 + now / 1000 + 0.001);
        }
        const last = { by: "inc-1", now, urgent: false };
        const wait = pacer.take("C", last);
        assert.equal(wait === 0 ? 0 : pacer.take("C", { ...last, now: now + wait }), 0);
      }),
    );
  });
});
