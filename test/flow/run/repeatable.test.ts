import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";

const LOST = { ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" } as const;
const REFUSED = { ok: false, reason: "conflict", message: "answered 409", retryable: false, sent: "refused" } as const;
const DONE = { ok: true, done: true, output: {} } as const;
const RETRY = { attempts: 2, delay: 30_000, backoff: "constant" } as const;

/** A run whose first call has no answer and may be repeated; `then` answers the later ones. */
async function unanswered(then: ActionResult, world: World = createWorld()) {
  const act = scripted(world.actions, "t.act", {
    conditional: true,
    answer: (call) => (call === 1 ? LOST : then),
    reconcile: async () => ({ verdict: "repeatable", detail: "the target takes a repeat once" }),
  });
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { retry: RETRY })]));
  const id = await world.open("p");
  await world.drain();
  return { world, act, id };
}

test("a repeat that succeeds settles what the first call has left open", async () => {
  const { world, act, id } = await unanswered(DONE);
  await world.pass(60_000);
  assert.equal(act.calls.length, 2);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
  const line = (await world.timeline()).find((text) => text.includes("no answer"));
  assert.match(line ?? "", /no answer; the target takes a repeat once; again in 30s/);
  assert.doesNotMatch(line ?? "", /not done/);
});

test("a repeat that is refused, not answered or never sent leaves the first call unknown: people are asked", async () => {
  for (const later of [REFUSED, LOST, { ...REFUSED, reason: "unreachable", message: "down", sent: "no" } as const]) {
    const { world, act, id } = await unanswered(later);
    await world.pass(60_000);
    const { unknown, ended } = await world.run(id);
    assert.equal(ended, undefined, later.message);
    assert.equal(unknown?.path, "one");
    assert.match(unknown?.question ?? "", /did this take effect: do t\.act\?.*no answer/);
    assert.equal(act.calls.length, 2);
    assert.equal((await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "done" })).ok, true);
    await world.pass(60_000);
    assert.equal((await world.run(id)).ended?.state, "succeeded");
  }
});

test("the question tells what the repeat came to", async () => {
  const { world, id } = await unanswered(REFUSED);
  await world.pass(60_000);
  assert.match((await world.run(id)).unknown?.question ?? "", /no answer; .*; the repeat: answered 409/);
});

test("who says that it was not done has it sent again, and a refusal then is the end", async () => {
  const { world, act, id } = await unanswered(REFUSED);
  await world.pass(60_000);
  await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "not-done" });
  await world.pass(60_000);
  assert.equal(act.calls.length, 3);
  const { ended } = await world.run(id);
  assert.equal(ended?.state, "failed");
  assert.match(ended?.reason ?? "", /answered 409/);
});

test("a run that is cancelled between the two calls asks what the first one came to", async () => {
  const { world, act, id } = await unanswered(DONE);
  await decide(world.deps, ANNA, { verb: "cancel", run: id, reason: "enough" });
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
  assert.equal((await world.run(id)).ended, undefined);
  assert.match((await world.run(id)).unknown?.question ?? "", /did this take effect/);
  await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "done" });
  await world.pass(10_000);
  assert.equal((await world.run(id)).ended?.state, "cancelled");
});

test("a run whose alert ends, or whose incident is closed, between the two calls asks as well", async () => {
  for (const handsOff of [undefined, true as const]) {
    const { world, act, id } = await unanswered(DONE);
    const item = { kind: "resolved", at: world.clock.now(), ...(handsOff && { by: "anna", handsOff }) };
    await world.store.commit({
      checks: [],
      writes: [
        { write: "append", list: `inbox:${id}`, items: [item] },
        { write: "due", member: `run:${id}`, at: 0 },
      ],
    });
    await world.pass(60_000);
    assert.equal(act.calls.length, 1);
    assert.equal((await world.run(id)).ended, undefined);
    assert.match((await world.run(id)).unknown?.question ?? "", /did this take effect/);
  }
});

test("a guard that forbids the repeat does not end the run before people have said what the first call came to", async () => {
  const world = createWorld({ ...CONFIG });
  const { act, id } = await unanswered(DONE, world);
  Object.assign(world.deps.config, {
    freeze: [{ cron: "* * * * *", for: 86_400_000, tz: "UTC", allow: [], reason: "night" }],
  });
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
  const { ended, unknown } = await world.run(id);
  assert.equal(ended, undefined);
  assert.match(unknown?.question ?? "", /did this take effect.*denied\.freeze/);
  await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "not-done" });
  await world.pass(10_000);
  assert.match((await world.run(id)).ended?.reason ?? "", /denied\.freeze/);
});

test("a step that may fail is asked about, too, before the run goes on", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act", {
    conditional: true,
    answer: (call) => (call === 1 ? LOST : REFUSED),
    reconcile: async () => ({ verdict: "repeatable", detail: "the target takes a repeat once" }),
  });
  const next = scripted(world.actions, "t.next");
  const one = step("one", "t.act", { retry: RETRY, continueOnError: true });
  world.playbooks.set("p", playbook("p", [one, step("two", "t.next")]));
  const id = await world.open("p");
  await world.pass(60_000);
  assert.equal(next.calls.length, 0);
  assert.ok((await world.run(id)).unknown);
});
