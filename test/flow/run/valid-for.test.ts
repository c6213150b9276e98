import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import type { Playbook } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const MINUTE = 60_000;

/** A run that has been asked about while everything is paused: what is approved now cannot begin before `resume`. */
async function heldWorld(more: Partial<Playbook> = {}, validFor = 15 * MINUTE) {
  const approvals = { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, validFor } };
  const world = createWorld({ ...CONFIG, approvals });
  const act = scripted(world.actions, "t.act");
  const steps = [step("one", "t.act"), step("two", "t.act")];
  world.playbooks.set("p", playbook("p", steps, { autonomy: { P0: "approve" }, ...more }));
  const id = await world.open("p");
  await world.drain();
  const asked = async () => (await world.run(id)).asked?.approvalId;
  const approve = async () => {
    const decided = await decide(world.deps, ANNA, { verb: "approve", approval: (await asked()) ?? "" });
    await world.drain();
    return decided.sentence;
  };
  const pause = () => decide(world.deps, ANNA, { verb: "pause", scope: "global" });
  const resume = async () => {
    await decide(world.deps, ANNA, { verb: "resume", scope: "global" });
    await world.pass(5_000);
  };
  return { world, act, id, asked, approve, pause, resume };
}

test("a yes holds for valid-for, and no longer: then it is asked again, and the timeline says why", async () => {
  for (const [name, more, config, minutes] of [
    ["the default", {}, 15, 15],
    ["approvals.default", {}, 5, 5],
    ["the playbook's own", { approval: { validFor: 2 * MINUTE } }, 15, 2],
  ] as const) {
    for (const late of [false, true]) {
      const { world, act, asked, approve, pause, resume } = await heldWorld(more, config * MINUTE);
      const first = await asked();
      await pause();
      await approve();
      await world.pass(minutes * MINUTE + (late ? 1_000 : -10_000));
      await resume();
      assert.equal(act.calls.length, late ? 0 : 2, name);
      if (!late) continue;
      const second = (await asked()) ?? "";
      assert.notEqual(second, first);
      const line = (await world.timeline()).find((text) => text.startsWith(`approval ${second} asked for`));
      assert.match(
        line ?? "",
        /the approval by anna \(api\) has lapsed: it held until 1970-01-01[T ]\S+Z, and nothing had begun by then; autonomy is/,
      );
      const why = (await world.store.get<Approval>("approval", second))?.body.why ?? [];
      assert.match(why[0] ?? "", /^the approval by anna \(api\) has lapsed/);
      await approve();
      assert.equal(act.calls.length, 2, "the second yes is a new one");
    }
  }
});

test("a yes counts from when it was said, not from when a worker hears of it", async () => {
  const { world, act, id, asked } = await heldWorld({ approval: { validFor: MINUTE } });
  const approval = (await asked()) ?? "";
  await decide(world.deps, ANNA, { verb: "approve", approval });
  await world.leap(MINUTE + 1_000);
  assert.equal(act.calls.length, 0);
  assert.notEqual((await world.run(id)).asked?.approvalId, approval);
});

test("what has begun under it lapses no more", async () => {
  const steps = [step("one", "t.act"), { kind: "wait", id: "rest", for: 60 * MINUTE }, step("two", "t.act")] as const;
  const { world, act, id, approve } = await heldWorld({ steps });
  await approve();
  assert.equal(act.calls.length, 1);
  await world.pass(61 * MINUTE);
  assert.equal(act.calls.length, 2);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("each yes lapses by itself, also in a run that has changed things under another", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", { effect: "reversible" });
  const wipe = scripted(world.actions, "t.wipe", { effect: "destructive" });
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.wipe")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal(act.calls.length, 1);
  const first = (await world.run(id)).asked?.approvalId ?? "";
  await decide(world.deps, ANNA, { verb: "pause", scope: "global" });
  await decide(world.deps, ANNA, { verb: "approve", approval: first });
  await world.pass(16 * MINUTE);
  await decide(world.deps, ANNA, { verb: "resume", scope: "global" });
  await world.pass(5_000);
  assert.equal(wipe.calls.length, 0);
  assert.ok((await world.run(id)).asked, "asked again");
});

test("what was asked before there was a valid-for can still be approved, and holds for 15 minutes", async () => {
  for (const late of [false, true]) {
    const { world, act, id, asked, approve, pause, resume } = await heldWorld();
    const approval = (await asked()) ?? "";
    const { events } = await world.store.loadRun(id);
    const without = ({ validFor: _, ...rest }: { validFor?: number }) => rest;
    const doc = await world.store.get<Approval>("approval", approval);
    assert.ok(doc && events.some((event) => "validFor" in event));
    await world.store.commit({
      checks: [],
      writes: [
        { write: "drop", list: `run:${id}` },
        { write: "append", list: `run:${id}`, items: events.map(without) },
        { write: "put", kind: "approval", id: approval, body: { ...doc.body, policy: without(doc.body.policy) } },
      ],
    });
    await pause();
    assert.match(await approve(), /goes on now, once .* after 1970-01-01 \d\d:\d\d:\d\dZ it asks again$/);
    assert.equal((await world.run(id)).grants[0]?.validUntil, world.clock.now() + 15 * MINUTE);
    await world.pass(15 * MINUTE + (late ? 1_000 : -10_000));
    await resume();
    assert.equal(act.calls.length, late ? 0 : 2);
  }
});

test("the clock of the worker does not matter", async () => {
  const { world, act, approve, pause, resume } = await heldWorld({ approval: { validFor: MINUTE } });
  world.deps.monotonic = () => world.clock.now() + 365 * 24 * 60 * MINUTE;
  await pause();
  await approve();
  await world.pass(MINUTE / 2);
  await resume();
  assert.equal(act.calls.length, 2);
});

test("who approves what is paused is told until when that holds", async () => {
  const { approve, pause } = await heldWorld();
  await pause();
  assert.match(
    await approve(),
    /goes on now, once global is no longer paused by anna \(api\); after 1970-01-01 \d\d:\d\d:\d\dZ it asks again$/,
  );
});

test("what asks besides, after a yes, is asked about as such: the yes has not lapsed", async () => {
  const { world, act, asked, approve, pause, resume } = await heldWorld();
  const first = await asked();
  await pause();
  await approve();
  const rows = Array.from({ length: 10 }, (_, n) => `thing:${n}`).flatMap((member) =>
    ["targets:seen", "targets:alerting"].map(
      (index) => ({ write: "index", index, member, score: world.clock.now() }) as const,
    ),
  );
  await world.store.commit({ checks: [], writes: rows });
  await resume();
  const second = (await asked()) ?? "";
  assert.deepEqual([second !== first, act.calls.length], [true, 0]);
  const line = (await world.timeline()).find((text) => text.startsWith(`approval ${second} asked for`)) ?? "";
  assert.match(line, /known targets alert at once/);
  assert.doesNotMatch(line, /has lapsed/);
  await approve();
  assert.equal(act.calls.length, 2);
});
