import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import { createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";

const LOST: ActionResult = { ok: false, reason: "timeout", message: "no answer", retryable: false, sent: "unknown" };
const DONE: ActionResult = { ok: true, done: true, output: {} };

type Options = NonNullable<Parameters<typeof scripted>[2]>;
type Retry = { attempts: number; delay: number };

/** A run of one change, two minutes after it began. */
async function changed(options: (world: World) => Options, { attempts, delay }: Retry = { attempts: 3, delay: 1_000 }) {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", options(world));
  const retry = { attempts, delay, backoff: "constant" } as const;
  world.playbooks.set("p", playbook("p", [step("act", "t.act", { retry })]));
  const id = await world.open("p");
  await world.drain();
  await world.pass(120_000);
  return { act, ...(await world.run(id)) };
}

const notDone = async () => ({ verdict: "not-done" as const, detail: "it is as before" });

test("a call found not done is not repeated where its target would not notice a second one: people are asked", async () => {
  for (const answer of ["died", "lost"] as const) {
    const { act, unknown } = await changed((world) => ({
      answer: () => (answer === "died" ? world.die() : LOST),
      reconcile: notDone,
    }));
    assert.equal(act.calls.length, 1);
    assert.match(unknown?.question ?? "", /^did this take effect: do t\.act\? \(.*; it is as before\)$/);
  }
});

test("one that its target deduplicates is repeated at once after a crash, and no more often than it may be tried", async () => {
  const crashed = await changed(
    (world) => ({ answer: (call) => (call === 1 ? world.die() : DONE), reconcile: notDone, conditional: true }),
    { attempts: 1, delay: 600_000 },
  );
  assert.deepEqual([crashed.act.calls.length, crashed.ended?.state], [2, "succeeded"]);
  for (const [attempts, calls] of [
    [4, 4],
    [1, 2],
  ] as const) {
    const lost = await changed(() => ({ answer: () => LOST, reconcile: notDone, conditional: true }), {
      attempts,
      delay: 1_000,
    });
    assert.deepEqual([lost.act.calls.length, lost.ended?.state], [calls, "failed"]);
    assert.equal(lost.ended?.reason, "act: no answer; it was not done");
  }
});

test("who looks it up is told what was read before the call, and no secret of what is found is kept", async () => {
  const told: unknown[] = [];
  const { unknown } = await changed((world) => ({
    prepare: async () => ({ ok: true, before: { former: 7 } }),
    answer: () => world.die(),
    reconcile: async (_input, _context, { before, attempt }) => {
      told.push({ before, attempt });
      return { verdict: "unknown", detail: "it answered Bearer 0123456789abcdef" };
    },
  }));
  assert.deepEqual(told, [{ before: { former: 7 }, attempt: 1 }]);
  assert.match(unknown?.question ?? "", /it answered \[redacted\]\)$/);
});

test("what had to be read before a call and could not be leaves it unmade, and nothing is reserved for it", async () => {
  const down = { ok: false, reason: "unreachable", message: "nobody answers", retryable: false, sent: "no" } as const;
  const { act, ended, mutated, steps } = await changed(() => ({ prepare: async () => down }));
  assert.deepEqual([act.calls.length, mutated, steps.get("act")?.state], [0, false, "done"]);
  assert.equal(ended?.reason, "act: nobody answers");
});

test("who looks a repeated call up is told which attempt it was, and when that was made", async () => {
  const told: unknown[] = [];
  let begun = 0;
  await changed((world) => {
    begun = world.clock.now();
    return {
      conditional: true,
      answer: () => world.die(),
      reconcile: async (_input, _context, { at, attempt }) => {
        told.push([attempt, Math.floor((at - begun) / 60_000)]);
        return { verdict: "not-done", detail: "it is as before" };
      },
    };
  });
  assert.deepEqual(told, [
    [1, 0],
    [2, 1],
  ]);
});
