import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyAction } from "../../../src/core/action.ts";
import type { Approval } from "../../../src/core/approval.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

type Input = { count: number | string; expected?: number };

/** A count of three that is changed by steps, as `k8s.scale` does it; `read` counts how often it was looked at. */
async function openWorld(count: number | string, level: "approve" | "auto", steps = 1, refuses = false) {
  const world = createWorld();
  const target = { count: 3, read: 0 };
  const act = scripted(world.actions, "t.scale", {
    effect: "reversible",
    async prepare(input) {
      target.read += 1;
      if (refuses) return { ok: false, reason: "refused", message: "3 are the most", retryable: false, sent: "no" };
      const { count: wanted } = input as Input;
      return {
        ok: true,
        before: { from: target.count, to: typeof wanted === "string" ? target.count + Number(wanted) : wanted },
      };
    },
    async run(input, ctx, before) {
      ctx.fence();
      act.calls.push(input as never);
      assert.equal(before?.["from"], target.count);
      target.count = Number(before?.["to"]);
      return { ok: true, done: true, output: {} };
    },
    describe: (input) => `scale to ${(input as Input).count}`,
    relative: {
      isIn: (input) => typeof (input as Input).count === "string",
      resolve: (input, before) => ({ ...input, count: before["to"], expected: before["from"] }),
    },
  } satisfies Partial<AnyAction>);
  const all = Array.from({ length: steps }, (_, at) => step(`s${at}`, "t.scale", { with: constant({ count }) }));
  world.playbooks.set("p", playbook("p", all, { autonomy: { P0: level } }));
  const id = await world.open("p");
  await world.drain();
  const asked = async () => {
    const approval = (await world.run(id)).asked?.approvalId ?? "";
    return (await world.store.get<Approval>("approval", approval))?.body;
  };
  const approve = async () => {
    await decide(world.deps, ANNA, { verb: "approve", approval: (await asked())?.id ?? "" });
    await world.drain();
  };
  return { ...world, id, target, act, asked, approve };
}

test("people see and agree to the absolute value of a step, with what was observed as its precondition", async () => {
  const { asked, approve, act, run, id } = await openWorld("+1", "approve");
  const [shown] = (await asked())?.steps ?? [];
  assert.deepEqual(shown?.input, { count: 4, expected: 3 });
  assert.equal(shown?.describe, "scale to 4");
  await approve();
  assert.deepEqual(act.calls, [{ count: 4, expected: 3 }]);
  assert.equal((await run(id)).ended?.state, "succeeded");
});

test("when what was observed has changed at the time of the call, it is asked again with the new value", async () => {
  const { asked, approve, act, target, timeline } = await openWorld("+1", "approve");
  const first = (await asked())?.id;
  target.count = 7;
  await approve();
  assert.deepEqual(act.calls, []);
  const second = await asked();
  assert.notEqual(second?.id, first);
  const why = `s0 is not as anna (api) approved it in ${first}: then it was "scale to 4", now it is "scale to 8"`;
  assert.equal(second?.why[0], why);
  assert.ok(
    (await timeline()).some((line) => line.startsWith(`approval ${second?.id} asked for: ${why}; autonomy is`)),
  );
  assert.deepEqual(second?.steps[0]?.input, { count: 8, expected: 7 });
  await approve();
  assert.equal(target.count, 8);
});

test("a later step is shown as it would be now, and asked about again once the one before it has changed that", async () => {
  const { asked, approve, act, target } = await openWorld("+1", "approve", 2);
  assert.deepEqual(
    (await asked())?.steps.map(({ input }) => input),
    [
      { count: 4, expected: 3 },
      { count: 4, expected: 3 },
    ],
  );
  await approve();
  assert.equal(act.calls.length, 1);
  assert.deepEqual((await asked())?.steps[0]?.input, { count: 5, expected: 4 });
  await approve();
  assert.equal(target.count, 5);
});

test("what cannot be changed any further asks nobody", async () => {
  const { asked, run, id } = await openWorld("+1", "approve", 1, true);
  assert.equal(await asked(), undefined);
  assert.match((await run(id)).ended?.reason ?? "", /3 are the most/);
});

test("without an approval the absolute value is what the journal says was called", async () => {
  const { run, id, target } = await openWorld("+1", "auto");
  assert.equal(target.count, 4);
  assert.deepEqual((await run(id)).steps.get("s0")?.input, { count: 4, expected: 3 });
  assert.equal(target.read, 1);
});

test("an absolute value is shown as it stands, and nothing is read for it before people agree", async () => {
  const { asked, target } = await openWorld(5, "approve");
  assert.deepEqual((await asked())?.steps[0]?.input, { count: 5 });
  assert.equal(target.read, 0);
});
