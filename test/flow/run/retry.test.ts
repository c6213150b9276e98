import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionStep } from "../../../src/core/playbook/playbook.ts";
import { retryTime } from "../../../src/flow/run/retry.ts";
import { constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const DOWN = { ok: false, reason: "unreachable", message: "down", retryable: true, sent: "no" } as const;
const RETRY = { attempts: 3, delay: 1_000, backoff: "constant" } as const;

test("a read step that fails once is called once more, and its failure is forgotten", async () => {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer(call) {
      if (call > 5) return world.die();
      return call === 1 ? DOWN : { ok: true, done: true, output: {} };
    },
  });
  world.playbooks.set("p", playbook("p", [step("look", "t.read", { retry: RETRY })]));
  const id = await world.open("p");
  await world.pass(30_000);
  assert.equal(read.calls.length, 2);
  const { ended, steps } = await world.run(id);
  assert.equal(ended?.state, "succeeded");
  assert.deepEqual([steps.get("look")?.attempt, steps.get("look")?.message], [2, undefined]);
});

test("the timeout of what a second attempt has started counts from that attempt", async () => {
  const world = createWorld();
  const handle = {};
  const later = { ok: true, done: false, handle, pollAfter: 5_000 } as const;
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: (call) => (call === 1 ? DOWN : later),
    poll: async () => later,
  });
  const retry = { ...RETRY, delay: 60_000 };
  world.playbooks.set(
    "p",
    playbook("p", [step("look", "t.read", { retry, timeout: 30_000, with: constant({ of: "it" }) })]),
  );
  const id = await world.open("p");
  await world.pass(75_000);
  const { state, attempt, outcome, reason, input } = (await world.run(id)).steps.get("look") ?? {};
  assert.deepEqual([state, attempt, outcome, reason], ["started", 2, undefined, undefined]);
  assert.deepEqual(input, { of: "it" });
  await world.pass(30_000);
  assert.match((await world.run(id)).ended?.reason ?? "", /has not finished within its timeout/);
});

test("a change that is found not done rests for its delay before it is sent again, and tells why it failed", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", {
    conditional: true,
    answer: (call) =>
      call < 3
        ? { ok: false, reason: "target_failed", message: "answered 500", retryable: false, sent: "unknown" }
        : { ok: true, done: true, output: {} },
    reconcile: async () => ({ verdict: "not-done", detail: "it is as before" }),
  });
  const retry = { attempts: 3, delay: 20_000, backoff: "exponential" } as const;
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { retry })]));
  const id = await world.open("p");
  await world.pass(19_000);
  assert.equal(act.calls.length, 1, "a target that fails is not asked again at once");
  assert.equal((await world.run(id)).steps.get("one")?.reason, "target_failed");
  await world.pass(20_000);
  assert.equal(act.calls.length, 2);
  await world.pass(45_000);
  assert.equal(act.calls.length, 3);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
  assert.ok((await world.timeline()).some((line) => line.includes("answered 500; it was not done; again in 20s")));
});

test("a worker that had to stop repeats no call that may have arrived", () => {
  const one = step("a", "t.set", { retry: { ...RETRY, attempts: 1 } }) as ActionStep;
  const lost = { reason: "claim_lost", retryable: true } as const;
  const next = (effect: "read" | "reversible", sent: "no" | "unknown") =>
    retryTime(one, { attempt: 1, effect }, { ...lost, sent }, 5);
  assert.deepEqual(next("reversible", "unknown"), {});
  assert.deepEqual(next("reversible", "no"), { retryAt: 5 });
  assert.deepEqual(next("read", "unknown"), { retryAt: 5 });
});

test("what has to be read before a change is read as often as the step may be tried, and no more", async () => {
  const unsure = { ...DOWN, sent: "unknown" } as const;
  for (const [works, fault] of [
    [3, DOWN],
    [3, unsure],
    [4, DOWN],
  ] as const) {
    const world = createWorld();
    let reads = 0;
    const act = scripted(world.actions, "t.act", {
      prepare: async () => (++reads < works ? fault : { ok: true, before: {} }),
    });
    world.playbooks.set("p", playbook("p", [step("one", "t.act", { retry: RETRY })]));
    const id = await world.open("p");
    await world.pass(60_000);
    const { ended } = await world.run(id);
    assert.deepEqual(
      [reads, act.calls.length, ended?.reason],
      works === 3 ? [3, 1, "all steps done"] : [3, 0, "one: down"],
    );
  }
});
