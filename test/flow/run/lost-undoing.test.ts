import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { AnyAction, Undo } from "../../../src/core/action.ts";
import { REDACTED } from "../../../src/core/redact.ts";
import { createWorld, playbook, scripted, step } from "../../support/engine.ts";

/** A change that is to be undone, because the step after it fails, in this way. */
async function undone(revert: () => Undo | undefined, more: Pick<Partial<AnyAction>, "output"> = {}) {
  const world = createWorld();
  scripted(world.actions, "t.set", { effect: "reversible", revert, ...more });
  const back = scripted(world.actions, "t.back", {
    effect: "reversible",
    input: z.strictObject({ value: z.string() }),
  });
  scripted(world.actions, "t.fail", {
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  const steps = [step("set", "t.set"), step("fail", "t.fail")];
  world.playbooks.set("p", playbook("p", steps, { onFailure: ["revert"] }));
  const id = await world.open("p");
  await world.drain();
  return { back, ended: (await world.run(id)).ended };
}

test("an undoing that would write what is not known any more is not made, and the run says what stays as it was changed", async () => {
  const output = z.object({ former: z.string() });
  for (const [revert, why, more] of [
    [() => ({ uses: "t.back", with: { value: `Bearer ${REDACTED}` } }), /undo\/set: value holds "\[redacted\]"/, {}],
    [() => ({ uses: "t.gone", with: {} }), /undo\/set: there is no action t\.gone any more/, {}],
    [() => ({ uses: "t.back", with: { value: 5 } }), /undo\/set: t\.back does not take value any more/, {}],
    [() => undefined, /undo\/set: what t\.set has left does not say what to undo/, { output }],
  ] as const) {
    const { back, ended } = await undone(revert, more);
    assert.deepEqual([back.calls.length, ended?.state], [0, "failed"]);
    assert.match(ended?.reason ?? "", /^revert_failed: .*; still as changed: set$/);
    assert.match(ended?.reason ?? "", why);
  }
});

test("an undoing that is known is made", async () => {
  const { back, ended } = await undone(() => ({ uses: "t.back", with: { value: "old" } }));
  assert.deepEqual([back.calls.length, ended?.reason], [1, "fail: no; reverted: set"]);
});
