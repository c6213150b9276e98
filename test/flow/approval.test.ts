import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../src/core/approval.ts";
import type { Config } from "../../src/core/config.ts";
import type { Actor, Decision } from "../../src/core/decision.ts";
import type { ApprovalPolicy } from "../../src/core/playbook/playbook.ts";
import { decide } from "../../src/flow/decide/decide.ts";
import { startVetoWindows } from "../../src/flow/veto.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../support/engine.ts";
import { puts, racing } from "../support/racing.ts";

const MINUTE = 60_000;
const BEN: Actor = { name: "ben", via: "api", role: "operator", person: "ben" };

type Race = { isMeant(approval: Approval): boolean; verb: "approve" | "reject" };

/** A run that asks under this policy; with a race, anna decides just before the approval becomes what is meant. */
async function asked(more: Partial<ApprovalPolicy> = {}, race?: Race) {
  const policy = { ...CONFIG.approvals.default, ...more };
  const config: Config = { ...CONFIG, approvals: { ...CONFIG.approvals, default: policy } };
  const decideAs = (actor: Actor, decision: Decision, late = 0) => {
    const store = { ...world.store, now: async () => world.clock.now() - late };
    return decide({ ...world.deps, store }, actor, decision);
  };
  const meanwhile = () => decideAs(ANNA, { verb: race?.verb ?? "approve", approval }, 1_000);
  const isMeant = (one: Approval) => race?.isMeant(one) === true;
  const world = createWorld(
    config,
    racing((tx) => puts(tx, "approval", isMeant), meanwhile),
  );
  const act = scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "approve" } }));
  const run = await world.open("p", {}, { load: 0.912345, depth: null });
  await world.drain();
  const approval = (await world.run(run)).asked?.approvalId ?? "";
  const read = async () => (await world.store.get<Approval>("approval", approval))?.body;
  return { world, act, approval, read, decideAs };
}

test("what is asked stands in the lists and with its incident until it is decided, and says what was measured", async () => {
  const { world, approval, read, decideAs } = await asked();
  const listed = async (index: string) => (await world.store.page(index, { limit: 9 })).members;
  assert.deepEqual([await listed("approvals"), await listed("approvals:pending")], [[approval], [approval]]);
  assert.deepEqual(await world.store.members("incident:inc-1:approvals"), [approval]);
  assert.deepEqual((await read())?.why.slice(-2), ["load = 0.9123", "depth = not measurable"]);
  await decideAs(ANNA, { verb: "reject", approval });
  assert.deepEqual([await listed("approvals"), await listed("approvals:pending")], [[approval], []]);
});

test("people are reminded once, however often it is looked at, and not before half time", async () => {
  const { world, approval } = await asked();
  const reminders = async () => (await world.timeline()).filter((text) => text.startsWith("still waiting")).length;
  const look = async () => {
    await world.store.commit({ checks: [], writes: [{ write: "due", member: `approval:${approval}`, at: 0 }] });
    await world.drain();
    assert.deepEqual(await world.store.due(9), [], "it is not due again at once");
    return reminders();
  };
  await world.pass(7 * MINUTE);
  assert.equal(await look(), 0);
  await world.pass(30_000);
  assert.equal(await reminders(), 1);
  assert.deepEqual([await look(), await look()], [1, 1]);
});

test("a yes that comes with the reminder is not lost", async () => {
  const isMeant = ({ remindedAt }: Approval) => remindedAt !== undefined;
  const { world, act, approval, read, decideAs } = await asked({ required: 2 }, { isMeant, verb: "approve" });
  await world.pass(8 * MINUTE);
  assert.deepEqual(
    (await read())?.votes.map(({ by }) => by),
    ["anna (api)"],
  );
  await decideAs(BEN, { verb: "approve", approval });
  await world.drain();
  assert.equal(act.calls.length, 1);
});

test("of a yes in time and the end of the time only the first counts", async () => {
  const isMeant = ({ status }: Approval) => status === "expired";
  const { world, act, read } = await asked({}, { isMeant, verb: "approve" });
  await world.pass(20 * MINUTE);
  assert.deepEqual([(await read())?.status, act.calls.length], ["approved", 1]);
  assert.ok(!(await world.timeline()).some((text) => text.startsWith("nobody decided")));
});

test("of an objection and the end of its window only the first counts", async () => {
  const isMeant = ({ status }: Approval) => status === "approved";
  const { world, act, approval, read } = await asked({ veto: MINUTE }, { isMeant, verb: "reject" });
  const body = { delivered: 0, approvals: { [approval]: { message: "1", shown: "x" } } };
  await world.store.commit({ checks: [], writes: [{ write: "put", kind: "chat", id: "inc-1", body }] });
  await startVetoWindows(world.store, "inc-1");
  await world.pass(20 * MINUTE);
  assert.deepEqual([(await read())?.status, act.calls.length], ["rejected", 0]);
});
