import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Playbook, Step } from "../../../src/core/playbook/playbook.ts";
import { advance } from "../../../src/flow/run/advance.ts";
import { CONFIG, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

const DONE: ActionResult = { ok: true, done: true, output: { ok: true } };
const CUT: ActionResult = { ok: false, reason: "timeout", message: "aborted", retryable: false, sent: "unknown" };

type Options = NonNullable<Parameters<typeof scripted>[2]>;
type Cut = { abort: AbortController; first: () => boolean };

/** A worker whose grace period ends in the first call that asks; another worker goes on. */
async function cutOff(action: (cut: Cut) => Options, steps: readonly Step[], more: Partial<Playbook> = {}) {
  const abort = new AbortController();
  const world = createWorld(CONFIG, (store) => ({
    ...store,
    due: async (limit) => (abort.signal.aborted ? store.due(limit) : []),
  }));
  const first = (): boolean => {
    if (abort.signal.aborted) return false;
    abort.abort();
    return true;
  };
  scripted(world.actions, "t.set");
  scripted(world.actions, "t.cut", action({ abort, first }));
  world.playbooks.set("p", playbook("p", steps, more));
  const id = await world.open("p");
  for (let turn = 0; turn < 5 && !abort.signal.aborted; turn++) {
    await advance(world.deps, id, abort.signal);
    await world.leap(5_000);
  }
  assert.ok(abort.signal.aborted);
  await world.pass(120_000);
  const { ended, unknown } = await world.run(id);
  return ended?.state ?? unknown?.question;
}

const CUT_STEP = step("cut", "t.cut");

test("a worker that has to stop leaves what it was doing to the next one", async () => {
  const cases: Record<string, Parameters<typeof cutOff>> = {
    "a reading": [({ first }) => ({ effect: "read", run: async () => (first() ? CUT : DONE) }), [CUT_STEP]],
    "what is read before a call": [
      ({ first }) => ({ prepare: async () => (first() ? (CUT as never) : { ok: true as const, before: {} }) }),
      [CUT_STEP],
    ],
    "a call that it could not make": [
      ({ first }) => ({
        run: async (_input, ctx) => {
          first();
          ctx.fence();
          return DONE;
        },
      }),
      [CUT_STEP],
    ],
    "a call without an answer": [
      ({ first }) => ({
        run: async () => (first() ? CUT : DONE),
        reconcile: async (_input, { signal }) =>
          signal.aborted ? { verdict: "unknown", detail: "aborted" } : { verdict: "done", result: DONE },
      }),
      [CUT_STEP],
    ],
    "the end of a rollout": [
      ({ first }) => ({
        run: async () => ({ ok: true, done: false, handle: {}, pollAfter: 1_000 }),
        poll: async () => (first() ? CUT : DONE),
      }),
      [CUT_STEP],
    ],
  };
  for (const [what, args] of Object.entries(cases)) assert.equal(await cutOff(...args), "succeeded", what);
});

test("a measurement that was cut off does not break a hold", async () => {
  let calls = 0;
  const checked = { verify: verify("t.cut", { hold: 20_000, within: 25_000, every: 5_000 }) };
  const state = await cutOff(
    ({ abort }) => ({
      effect: "read",
      run: async () => {
        if (++calls !== 2) return DONE;
        abort.abort();
        return CUT;
      },
    }),
    [step("set", "t.set")],
    checked,
  );
  assert.equal(state, "succeeded");
});
