import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionContext, ActionResult } from "../../../src/core/action.ts";
import { AppError } from "../../../src/core/errors.ts";
import { advance } from "../../../src/flow/run/advance.ts";
import { createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";

const DONE: ActionResult = { ok: true, done: true, output: {} };

/** A run of one change; `act` is its first call, and every later one goes through. `sent`: how often it was sent. */
async function firstCall(act: (world: World, context: ActionContext) => Promise<void>, signal?: AbortSignal) {
  const world = createWorld();
  const made = { calls: 0, sent: 0 };
  scripted(world.actions, "t.act", {
    async run(_input, context) {
      if (made.calls++ === 0) await act(world, context);
      context.fence();
      made.sent++;
      return DONE;
    },
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  if (signal) await advance(world.deps, id, signal);
  await world.pass(180_000);
  return { made, timeline: (await world.timeline()).join("\n"), ...(await world.run(id)) };
}

for (const { left, calls } of [
  { left: 3_000, calls: 1 },
  { left: 1_500, calls: 2 },
  { left: -1, calls: 2 },
])
  test(`a change is sent only with two seconds of the claim left, with ${left} ms by call ${calls}`, async () => {
    const { made, ended, unknown } = await firstCall(async (world) => {
      let spent = world.deps.claimFor - left;
      world.deps.monotonic = () => world.clock.now() + spent;
      if (left < 2_000) setImmediate(() => (spent = 0));
    });
    assert.deepEqual([made, ended?.state, unknown], [{ calls, sent: 1 }, "succeeded", undefined]);
  });

test("a worker that has to stop sends nothing more; the next one sends it", async () => {
  const stop = new AbortController();
  const { made, ended } = await firstCall(async () => stop.abort(), stop.signal);
  assert.deepEqual([made, ended?.state], [{ calls: 2, sent: 1 }, "succeeded"]);
});

test("a call hears at once that its worker has to stop", async () => {
  const stop = new AbortController();
  const begun = performance.now();
  const { made } = await firstCall(
    (_world, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve());
        stop.abort();
      }),
    stop.signal,
  );
  assert.equal(made.sent, 1);
  assert.ok(performance.now() - begun < 5_000);
});

test("an action that breaks in its call may have sent it: it is not repeated, and people are asked", async () => {
  const { made, unknown } = await firstCall(async () => {
    throw new Error("a bug");
  });
  assert.equal(made.calls, 1);
  assert.match(unknown?.question ?? "", /internal error/);
});

test("an action that says what is wrong before its call has sent nothing, and nobody is asked", async () => {
  const { unknown, ended } = await firstCall(async () => {
    throw new AppError("invalid_config", "there is no connection edge any more");
  });
  assert.deepEqual([unknown, ended?.reason], [undefined, "act: there is no connection edge any more"]);
});

test("no secret of what a target answers is kept", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act", {
    answer: () => ({
      ok: false,
      reason: "target_failed",
      message: "it refused Bearer 0123456789abcdef",
      retryable: false,
      sent: "refused",
    }),
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended?.reason, "act: it refused [redacted]");
  assert.doesNotMatch((await world.timeline()).join("\n"), /0123456789/);
});
