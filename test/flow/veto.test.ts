import assert from "node:assert/strict";
import { test } from "node:test";
import { type Approval, UNOPPOSED } from "../../src/core/approval.ts";
import type { ChatState } from "../../src/core/chat.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { undoneMarker } from "../../src/flow/run/guard-reads.ts";
import { startVetoWindows } from "../../src/flow/veto.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../support/engine.ts";

const MINUTE = 60_000;

type Begun = { autonomy?: "approve" | "auto"; isRelapse?: boolean; isShown?: boolean };

/** A run whose window of so many minutes has begun, where the chat has shown it. */
async function begun(veto: number, { autonomy = "approve", isRelapse = false, isShown = true }: Begun = {}) {
  const approvals = { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, veto: veto * MINUTE } };
  const world = createWorld({ ...CONFIG, approvals });
  const act = scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: autonomy } }));
  const mark = { write: "mark", marker: undoneMarker("p", "thing:one"), for: 60 * MINUTE } as const;
  if (isRelapse) await world.store.commit({ checks: [], writes: [mark] });
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  const show = async () => {
    const body: ChatState = { delivered: 0, approvals: { [approval]: { message: "1", shown: "x" } } };
    await world.store.commit({ checks: [], writes: [{ write: "put", kind: "chat", id: "inc-1", body }] });
    await startVetoWindows(world.store, "inc-1");
  };
  if (isShown) await show();
  return { world, act, approval, show, reject: () => decide(world.deps, ANNA, { verb: "reject", approval }) };
}

test("an objection counts as long as the window, also where an approval would have expired before", async () => {
  const { world, act, reject } = await begun(30);
  await world.pass(20 * MINUTE);
  assert.deepEqual([(await reject()).ok, act.calls.length], [true, 0]);
  await world.pass(30 * MINUTE);
  assert.equal(act.calls.length, 0);
});

test("a window whose end nobody was there to see begins again: who objected meanwhile was not heard", async () => {
  const { world, act, reject } = await begun(1);
  await world.leap(20 * MINUTE);
  assert.equal(act.calls.length, 0);
  assert.match((await world.timeline()).at(-1) ?? "", /its time was over while no worker ran; it runs in 1m unless/);
  await world.pass(30_000);
  assert.equal((await reject()).ok, true);
  await world.pass(10 * MINUTE);
  assert.equal(act.calls.length, 0);
});

test("a window that begins again runs at its end like any other", async () => {
  const { world, act } = await begun(1);
  await world.leap(20 * MINUTE);
  await world.pass(2 * MINUTE);
  assert.equal(act.calls.length, 1);
  const lines = await world.timeline();
  assert.ok(lines.includes("nobody objected within the veto window; it goes on"), lines.join("\n"));
});

for (const autonomy of ["approve", "auto"] as const)
  test(`nobody's silence answers a guard that asks, where the level is ${autonomy}`, async () => {
    const { world, act, approval } = await begun(1, { autonomy, isRelapse: true });
    assert.equal((await world.store.get<Approval>("approval", approval))?.body.policy.veto, undefined);
    await world.pass(10 * MINUTE);
    assert.equal(act.calls.length, 0);
    assert.equal((await decide(world.deps, ANNA, { verb: "approve", approval })).ok, true);
    await world.pass(MINUTE);
    assert.equal(act.calls.length, 1);
  });

test("a window that no channel has shown within 2 minutes never opens: somebody has to approve, however late it is shown", async () => {
  const { world, act, approval, show } = await begun(1, { isShown: false });
  const policy = async () => (await world.store.get<Approval>("approval", approval))?.body.policy;
  await world.pass(2 * MINUTE - 5_000);
  await world.store.commit({ checks: [], writes: [{ write: "due", member: `approval:${approval}`, at: 0 }] });
  await world.drain();
  assert.equal((await policy())?.veto, MINUTE, "it may still be shown in time");
  await world.pass(5_000);
  assert.equal((await policy())?.veto, undefined);
  assert.match((await world.timeline()).at(-1) ?? "", /^no channel has shown apr-\S+ in 2m; it needs an approval now$/);
  await show();
  await world.pass(5 * MINUTE);
  assert.equal(act.calls.length, 0);
  assert.equal((await decide(world.deps, ANNA, { verb: "approve", approval })).ok, true);
  await world.pass(MINUTE);
  assert.equal(act.calls.length, 1);
});

test("a wake-up before its end, however often, does not end a window", async () => {
  const { world, act, approval } = await begun(10);
  for (let minute = 0; minute < 9; minute++) {
    await world.store.commit({ checks: [], writes: [{ write: "due", member: `approval:${approval}`, at: 0 }] });
    await world.pass(MINUTE);
    assert.deepEqual(await world.store.due(9), [], "and is not looked at before then");
  }
  assert.equal(act.calls.length, 0);
  await world.pass(MINUTE);
  assert.equal(act.calls.length, 1, "at its end");
  const { status, votes } = (await world.store.get<Approval>("approval", approval))?.body ?? {};
  assert.deepEqual([status, votes?.map(({ by }) => by)], ["approved", [UNOPPOSED]]);
});

test("a window ends when it was said to, though nobody looks at it in between", async () => {
  const { world, act } = await begun(1);
  await world.pass(MINUTE);
  assert.equal(act.calls.length, 1);
});
