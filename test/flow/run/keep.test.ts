import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import type { Actor } from "../../../src/core/decision.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const HOUR = 3_600_000;
const BEN: Actor = { ...ANNA, name: "ben", person: "ben" };
const EVE: Actor = { ...ANNA, name: "eve", person: "eve" };
const LEASE = { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" as const } };

/** A leased step has been done and undone on this target, and the alert is back: what asks about the second time. */
async function relapsed({ required = 1, lease = true } = {}) {
  const approvals = { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, required } };
  const world = createWorld({ ...CONFIG, approvals });
  const set = scripted(world.actions, "t.set", {
    effect: "reversible",
    revert: () => ({ uses: "t.undo", with: { back: true } }),
  });
  const undo = scripted(world.actions, "t.undo", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("one", "t.set", { lease: LEASE })]));
  await world.open("p");
  await world.drain();
  await world.pass(HOUR + 10_000);
  assert.deepEqual([set.calls.length, undo.calls.length], [1, 1]);
  if (!lease) world.playbooks.set("p", playbook("p", [step("one", "t.set")]));
  const run = await world.open("p", { id: "inc-2", key: "service=b" });
  await world.drain();
  const id = (await world.run(run)).asked?.approvalId ?? "";
  const approval = async () => (await world.store.get<Approval>("approval", id))?.body;
  const say = async (actor: Actor, keep: boolean) => {
    const decided = await decide(world.deps, actor, { verb: "approve", approval: id, ...(keep && { keep }) });
    await world.drain();
    return decided;
  };
  const leases = async () => (await world.store.page("leases:active", { limit: 5 })).members.length;
  const lines = async () => await world.store.list<TimelineEntry>("timeline:inc-2");
  return { world, set, undo, run, approval, say, leases, lines };
}

test("what was undone a short while ago asks, and offers to be kept", async () => {
  const { set, approval } = await relapsed();
  assert.equal(set.calls.length, 1);
  const asked = await approval();
  assert.equal(asked?.offersKeep, true);
  assert.match(asked?.why[0] ?? "", /^relapse: the same mitigation was undone a short while ago/);
});

test("approved and kept, it runs without a lease, and the timeline says who wanted that", async () => {
  const { world, set, undo, run, say, leases, lines } = await relapsed();
  const decided = await say(ANNA, true);
  assert.match(decided.sentence, /^approved, to be kept: p on thing:one goes on now, without its lease$/);
  assert.deepEqual([set.calls.length, await leases()], [2, 0]);
  assert.equal((await world.run(run)).ended?.state, "succeeded");
  const kept = (await lines()).filter(({ text }) => text.includes("nothing undoes it"));
  assert.deepEqual(
    kept.map(({ kind, by, text }) => [kind, by, text]),
    [
      [
        "approval",
        "anna (api)",
        "approved by anna (api), to be kept: it gets no lease, and nothing undoes it after this run",
      ],
      [
        "lease",
        "anna (api)",
        "one stays: anna (api) chose to keep it, so it has no lease and nothing undoes it after this run",
      ],
    ],
  );
  await world.pass(3 * HOUR);
  assert.equal(undo.calls.length, 1, "only the first one was ever undone");
});

test("approved as usual, it has its lease and is undone", async () => {
  const { world, undo, say, leases, lines } = await relapsed();
  assert.match((await say(ANNA, false)).sentence, /goes on now$/);
  assert.equal(await leases(), 1);
  assert.ok((await lines()).every(({ text }) => !text.includes("kept")));
  await world.pass(HOUR + 10_000);
  assert.equal(undo.calls.length, 2);
});

test("keeping goes through the same door: the group decides, once", async () => {
  const { set, say, approval } = await relapsed();
  const stranger = await say(EVE, true);
  assert.deepEqual([stranger.ok, set.calls.length], [false, 1]);
  assert.match(stranger.sentence, /eve is not in oncall/);
  assert.equal((await say(ANNA, true)).ok, true);
  assert.match((await say(BEN, false)).sentence, /already approved by anna/);
  assert.equal((await approval())?.votes.length, 1);
});

test("where several are needed, everybody has to choose to keep it", async () => {
  for (const [first, second, kept] of [
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ] as const) {
    const { say, leases, lines } = await relapsed({ required: 2 });
    assert.match((await say(ANNA, first)).sentence, first ? /and all of them to keep it$/ : /are needed for apr-\w+$/);
    const decided = await say(BEN, second);
    assert.equal(await leases(), kept ? 0 : 1);
    const texts = (await lines()).map(({ text }) => text).join("\n");
    if (kept) assert.match(texts, /approved by anna \(api\) and ben \(api\), to be kept/);
    else assert.match(texts, /not everybody who approved apr-\w+ chose to keep it, so its lease stays/);
    assert.equal(/its lease stays, as not everybody/.test(decided.sentence), !kept);
  }
});

test("what is not offered cannot be kept, and nothing is decided by trying", async () => {
  const { approval, say, set } = await relapsed({ lease: false });
  assert.equal((await approval())?.offersKeep, undefined, "without a lease there is nothing to leave out");
  const decided = await say(ANNA, true);
  assert.ok(!decided.ok);
  assert.equal(decided.code, "conflict");
  assert.match(decided.sentence, /does not offer to keep what it allows.*Approve it without keep$/);
  assert.deepEqual([(await approval())?.status, set.calls.length], ["pending", 1]);
  assert.equal((await say(ANNA, false)).ok, true);
});

test("an approval for another reason offers nothing of the kind", async () => {
  const world = createWorld();
  scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.set", with: {} }) });
  world.playbooks.set("p", playbook("p", [step("one", "t.set", { lease: LEASE })], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const asked = (await world.run(id)).asked?.approvalId ?? "";
  assert.equal((await world.store.get<Approval>("approval", asked))?.body.offersKeep, undefined);
});

test("another guard that asks after the first approval is answered by the second", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  await decide(world.deps, ANNA, { verb: "approve", approval: (await world.run(id)).asked?.approvalId ?? "" });
  await world.store.commit({ checks: [], writes: [{ write: "mark", marker: "undone:p|thing:one", for: HOUR }] });
  await world.drain();
  const second = (await world.run(id)).asked?.approvalId ?? "";
  assert.deepEqual([act.calls.length, (await world.run(id)).asked?.guards], [0, ["relapse", "autonomy"]]);
  await decide(world.deps, ANNA, { verb: "approve", approval: second });
  await world.drain();
  assert.equal(act.calls.length, 1);
});
