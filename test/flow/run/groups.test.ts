import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import type { Playbook, Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import {
  ANNA,
  CONFIG,
  condition,
  constant,
  createWorld,
  playbook,
  scripted,
  step,
  verify,
} from "../../support/engine.ts";

const HOUR = 3_600_000;
const ESCALATE: Playbook["onFailure"] = ["next-playbook", "escalate"];
const group = "g";
const pause = (length: number): Step => ({ kind: "wait", id: "pause", for: length });

/** `t.patch` can be undone by `t.back`, `t.drop` always needs a person. */
async function begun(
  steps: readonly Step[],
  more: Parameters<typeof playbook>[2] = {},
  refuse = (_call: number) => false,
) {
  const world = createWorld({ ...CONFIG, freeze: [] });
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  const patch = scripted(world.actions, "t.patch", {
    effect: "reversible",
    revert: (input) => ({ uses: "t.back", with: input }),
  });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  let calls = 0;
  const restart = scripted(world.actions, "t.restart", {
    answer: () =>
      refuse(++calls)
        ? { ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }
        : { ok: true, done: true, output: {} },
  });
  const drop = scripted(world.actions, "t.drop", { effect: "destructive" });
  world.playbooks.set("p", playbook("p", steps, { onFailure: ESCALATE, ...more }));
  const id = await world.open("p");
  await world.drain();
  return { world, id, patch, back, restart, drop, ended: async () => (await world.run(id)).ended };
}

async function resolve(world: ReturnType<typeof createWorld>, id: string): Promise<void> {
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [{ kind: "resolved", at: world.clock.now() }] },
      { write: "remove", set: "incident:inc-1:firing", members: ["one"] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
  await world.drain();
}

test("a group whose second step people refuse, or do not answer, is reverted; the run is cancelled", async () => {
  for (const how of ["rejected", "expired"]) {
    const { world, id, back, drop, ended } = await begun([
      step("patch", "t.patch", { group }),
      step("drop", "t.drop", { group }),
    ]);
    const approval = (await world.run(id)).asked?.approvalId ?? "";
    if (how === "rejected") await decide(world.deps, ANNA, { verb: "reject", approval });
    await world.pass(HOUR);
    assert.deepEqual([back.calls.length, drop.calls.length], [1, 0], how);
    assert.equal((await ended())?.state, "cancelled");
    assert.match((await ended())?.reason ?? "", new RegExp(`^${how} by`));
  }
});

test("a group whose second step a guard denies is reverted, whatever on-failure says", async () => {
  const { world, back, restart, ended } = await begun([
    step("patch", "t.patch", { group }),
    pause(60_000),
    step("restart", "t.restart", { group, with: constant({ target: "thing:two" }) }),
  ]);
  const outside = world.actions.get("t.restart");
  if (outside) world.actions.set("t.restart", { ...outside, targets: () => ["thing:two"] });
  await world.pass(10 * 60_000);
  assert.deepEqual([back.calls.length, restart.calls.length], [1, 0]);
  assert.match((await ended())?.reason ?? "", /^denied\.scope/);
});

test("a refusal after a change undoes it where on-failure says revert, and keeps it where not", async () => {
  for (const [onFailure, undone] of [
    [["revert", "next-playbook", "escalate"], 1],
    [ESCALATE, 0],
  ] as const) {
    const { world, id, back, ended } = await begun([step("patch", "t.patch"), step("drop", "t.drop")], { onFailure });
    await decide(world.deps, ANNA, { verb: "reject", approval: (await world.run(id)).asked?.approvalId ?? "" });
    await world.pass(60_000);
    assert.deepEqual([back.calls.length, (await ended())?.state], [undone, "cancelled"]);
  }
});

test("each round has its own group: half of a round that fails or is cancelled goes back, the rounds before stay", async () => {
  const round = (number: number): Step[] => [
    {
      kind: "for-each",
      id: "r",
      as: "x",
      items: constant([1, 2, 3]),
      steps: [step("patch", "t.patch", { group }), pause(number), step("restart", "t.restart", { group })],
    },
  ];
  const fails = await begun(round(1), {}, (call) => call === 2);
  await fails.world.pass(5 * 60_000);
  assert.equal(fails.back.calls.length, 1);
  assert.ok((await fails.world.run(fails.id)).steps.has("undo/r/1/patch"));
  assert.equal((await fails.ended())?.state, "failed");

  const cancelled = await begun(round(60_000));
  await cancelled.world.pass(90_000);
  await decide(cancelled.world.deps, ANNA, { verb: "cancel", run: cancelled.id });
  await cancelled.world.pass(60_000);
  assert.equal(cancelled.back.calls.length, 1);
  assert.ok((await cancelled.world.run(cancelled.id)).steps.has("undo/r/1/patch"));
});

test("a cancelled run keeps a group that is complete, also one whose other case was not taken", async () => {
  const { world, id, back, restart } = await begun([
    step("patch", "t.patch", { group }),
    {
      kind: "switch",
      id: "which",
      cases: [{ when: condition("true", () => true), steps: [step("restart", "t.restart", { group })] }],
      default: [step("drop", "t.drop", { group })],
    },
    pause(HOUR),
  ]);
  await decide(world.deps, ANNA, { verb: "cancel", run: id });
  await world.pass(60_000);
  assert.deepEqual([restart.calls.length, back.calls.length], [1, 0]);
});

test("a resolve completes a group across what is read and waited for between its steps, and changes nothing else", async () => {
  const { world, id, back, restart, drop, ended } = await begun(
    [
      step("patch", "t.patch", { group }),
      pause(30_000),
      step("check", "t.read"),
      { kind: "for-each", id: "r", as: "x", items: constant([1, 2]), steps: [step("drop", "t.drop")] },
      step("drop2", "t.drop"),
      step("restart", "t.restart", { group }),
      step("late", "t.restart"),
    ],
    { verify: verify("t.read") },
  );
  await resolve(world, id);
  await world.pass(20_000);
  assert.equal(restart.calls.length, 0);
  await world.pass(10 * 60_000);
  assert.deepEqual([restart.calls.length, drop.calls.length, back.calls.length], [1, 0, 0]);
  assert.equal((await ended())?.state, "succeeded");
  const { steps } = await world.run(id);
  assert.deepEqual(
    ["r", "drop2", "late"].map((path) => steps.get(path)?.outcome),
    ["skipped", "skipped", undefined],
  );
});

test("a resolve in the middle of a round completes the round's group, and starts no further round", async () => {
  const { world, id, patch, restart, ended } = await begun(
    [
      {
        kind: "for-each",
        id: "r",
        as: "x",
        items: constant([1, 2, 3]),
        steps: [step("patch", "t.patch", { group }), pause(60_000), step("restart", "t.restart", { group })],
      },
    ],
    { verify: verify("t.read") },
  );
  await world.pass(90_000);
  await resolve(world, id);
  await world.pass(10 * 60_000);
  assert.deepEqual([patch.calls.length, restart.calls.length, (await ended())?.state], [2, 2, "succeeded"]);
});

test("a resolve withdraws what a changed run asks, ends its waits, and goes on to the verification at once", async () => {
  const asks = await begun([step("patch", "t.patch"), step("drop", "t.drop")], { verify: verify("t.read") });
  const approval = (await asks.world.run(asks.id)).asked?.approvalId ?? "";
  await resolve(asks.world, asks.id);
  assert.equal((await asks.world.store.get<Approval>("approval", approval))?.body.status, "withdrawn");
  assert.deepEqual((await asks.world.store.page("approvals:pending", { limit: 5 })).members, []);
  await asks.world.pass(90_000);
  assert.deepEqual([(await asks.ended())?.state, asks.drop.calls.length], ["succeeded", 0]);
  assert.deepEqual(await asks.world.store.locks(["thing:one"]), {});

  const waits = await begun([step("patch", "t.patch"), pause(2 * HOUR), step("b", "t.patch")], {
    verify: verify("t.read"),
  });
  await resolve(waits.world, waits.id);
  await waits.world.pass(90_000);
  assert.deepEqual([(await waits.ended())?.state, waits.patch.calls.length], ["succeeded", 1]);
});

test("what is asked for the rest of a begun group stays asked after a resolve: only people can complete it", async () => {
  const { world, id, drop, ended } = await begun([
    step("patch", "t.patch", { group }),
    step("drop", "t.drop", { group }),
  ]);
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  await resolve(world, id);
  assert.equal((await world.run(id)).asked?.approvalId, approval);
  await decide(world.deps, ANNA, { verb: "approve", approval });
  await world.pass(60_000);
  assert.deepEqual([drop.calls.length, (await ended())?.state], [1, "succeeded"]);
});

test("an approval that comes with the resolve counts for nothing outside a group, and a rejection is no failure of the run", async () => {
  for (const verb of ["approve", "reject"] as const) {
    const { world, id, back, drop, ended } = await begun([step("patch", "t.patch"), step("drop", "t.drop")], {
      verify: verify("t.read"),
      onFailure: ["revert", "escalate"],
    });
    const approval = (await world.run(id)).asked?.approvalId ?? "";
    await decide(world.deps, ANNA, { verb, approval });
    await resolve(world, id);
    await world.pass(90_000);
    assert.deepEqual([drop.calls.length, back.calls.length], [0, 0]);
    assert.equal((await ended())?.state, "succeeded");
  }
});

test("a run that the end of its alert has stopped says what it did: never that all its steps are done", async () => {
  const left = await begun([step("patch", "t.patch"), pause(60_000), step("restart", "t.restart")]);
  await resolve(left.world, left.id);
  await left.world.pass(120_000);
  assert.deepEqual(
    [(await left.ended())?.state, (await left.ended())?.reason, left.restart.calls.length],
    ["succeeded", "the alert has ended; the steps that were left were not taken", 0],
  );

  const useless = await begun(
    [step("restart", "t.restart", { continueOnError: true }), pause(60_000), step("patch", "t.patch")],
    { verify: verify("t.read") },
    () => true,
  );
  await resolve(useless.world, useless.id);
  await useless.world.pass(120_000);
  assert.deepEqual(
    [(await useless.ended())?.state, (await useless.ended())?.reason],
    ["cancelled", "resolved: the alert ended first; no call has changed anything"],
  );
});

describe("groups that overlap", () => {
  const both = (...rest: readonly Step[]): Step[] => [
    step("patch", "t.patch", { group: "a" }),
    step("also", "t.patch", { group: "b" }),
    ...rest,
  ];

  test("go back together when a step of one fails, whatever on-failure says", async () => {
    const steps = both(step("restart", "t.restart", { group: "a" }), step("last", "t.restart", { group: "b" }));
    const { world, back, ended } = await begun(steps, {}, () => true);
    await world.pass(60_000);
    assert.equal(back.calls.length, 2);
    assert.equal((await ended())?.reason, "restart: no; reverted: also, patch");
  });

  test("are both completed when the alert ends, and nothing else is", async () => {
    const steps = both(
      pause(60_000),
      step("other", "t.drop"),
      step("restart", "t.restart", { group: "a" }),
      step("last", "t.restart", { group: "b" }),
    );
    const { world, id, back, restart, drop } = await begun(steps);
    await resolve(world, id);
    await world.pass(5 * 60_000);
    assert.deepEqual([restart.calls.length, drop.calls.length, back.calls.length], [2, 0, 0]);
  });

  test("one around a round goes back with the round that failed", async () => {
    const steps: Step[] = [
      step("patch", "t.patch", { group: "a" }),
      {
        kind: "for-each",
        id: "r",
        as: "x",
        items: constant([1, 2]),
        steps: [step("more", "t.patch"), step("restart", "t.restart")],
      },
      step("last", "t.restart", { group: "a" }),
    ];
    const { world, ended } = await begun(steps, {}, (call) => call === 2);
    await world.pass(60_000);
    assert.equal((await ended())?.reason, "r/1/restart: no; reverted: r/1/more, patch");
  });
});
