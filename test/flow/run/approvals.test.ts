import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { plainTime } from "../../../src/core/time.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { runView } from "../../../src/flow/run-view.ts";
import { ANNA, condition, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const start = {
  playbook: () => undefined,
  playbookNames: () => [],
  autonomyLimits: async () => ({ ceiling: "auto" as const, demoted: new Set<string>() }),
};

test("asks once, shows every mutating step, and acts after approval only", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set(
    "p",
    playbook("p", [step("one", "t.act"), step("two", "t.act")], { autonomy: { P0: "approve" } }),
  );
  const id = await world.open("p");
  await world.drain();
  const asked = (await world.run(id)).asked;
  assert.ok(asked);
  assert.equal(act.calls.length, 0);
  assert.deepEqual(runView(await world.run(id)).steps, [
    { path: "one", uses: "t.act", state: "pending" },
    { path: "two", uses: "t.act", state: "pending" },
  ]);
  const { sentence } = runView(await world.run(id));
  assert.equal(sentence, `waits for approval ${asked.approvalId}, until ${plainTime(asked.expiresAt)}`);
  const approval = (await world.store.get<Approval>("approval", asked.approvalId))?.body;
  assert.deepEqual(
    approval?.steps.map((one) => one.path),
    ["one", "two"],
  );
  const yes = { verb: "approve", approval: asked.approvalId, reason: "as agreed" } as const;
  const decided = await decide({ ...world.deps, ...start }, ANNA, yes);
  assert.equal(decided.ok, true);
  assert.ok((await world.timeline()).some((line) => line.endsWith(`approved ${asked.approvalId}: as agreed`)));
  const again = await decide({ ...world.deps, ...start }, ANNA, { verb: "approve", approval: asked.approvalId });
  assert.equal(again.ok, false);
  await world.drain();
  assert.equal(act.calls.length, 2);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("an approval that nobody decides expires and runs nothing", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.pass(16 * 60_000);
  assert.equal(act.calls.length, 0);
  assert.equal((await world.run(id)).ended?.state, "cancelled");
  assert.ok(
    (await world.timeline()).some((line) => line.includes("still waiting")),
    "reminded at half time",
  );
});

test("a step whose input has changed since the approval asks again", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  let value = 1;
  const changing = { text: "value", reads: [], render: () => ({ known: true as const, value: { value } }) };
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { with: changing })], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const first = (await world.run(id)).asked?.approvalId ?? "";
  value = 2;
  await decide({ ...world.deps, ...start }, ANNA, { verb: "approve", approval: first });
  await world.drain();
  const second = (await world.run(id)).asked?.approvalId ?? "";
  assert.notEqual(second, first);
  assert.equal(act.calls.length, 0, "what was approved is what runs");
});

test("the metric counts the decision that was stored, not those that lost against it", async () => {
  const world = createWorld();
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  const counted: string[] = [];
  const metrics = { ...world.deps.metrics, approval: (status: string) => void counted.push(status) };
  const deps = { ...world.deps, ...start, metrics };
  await Promise.all([1, 2, 3].map(() => decide(deps, ANNA, { verb: "approve", approval })));
  assert.deepEqual(counted, ["approved"]);
});

test("steps of a branch or of rounds that cannot be known yet are shown as pending, and ask again once they are", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  const isKnown = () => act.calls.length > 0;
  const when = condition("steps.one.outcome", () => isKnown() || undefined);
  const list = constant(["x"]);
  const items = {
    ...list,
    render: (scope: Parameters<typeof list.render>[0]) =>
      isKnown() ? list.render(scope) : { known: false as const, why: "not yet" },
  };
  const two = step("two", "t.act", { with: constant({ n: 2 }) });
  const blocks: readonly Step[] = [
    { kind: "switch", id: "tree", cases: [{ when, steps: [two] }], default: [] },
    { kind: "for-each", id: "all", as: "item", items, steps: [two] },
  ];
  for (const [nth, block] of blocks.entries()) {
    act.calls.length = 0;
    world.playbooks.set("p", playbook("p", [step("one", "t.act"), block], { autonomy: { P0: "approve" } }));
    const id = await world.open("p", { id: `inc-${nth}`, key: `service=${nth}` });
    await world.drain();
    const first = (await world.run(id)).asked?.approvalId ?? "";
    const shown = (await world.store.get<Approval>("approval", first))?.body.steps ?? [];
    assert.deepEqual(
      shown.map(({ path, input }) => [path, input]),
      [
        ["one", {}],
        [`${block.id}/?/two`, "pending"],
      ],
    );
    await decide({ ...world.deps, ...start }, ANNA, { verb: "approve", approval: first });
    await world.drain();
    const second = (await world.run(id)).asked?.approvalId ?? "";
    assert.deepEqual([second !== "" && second !== first, act.calls.length], [true, 1]);
    await decide({ ...world.deps, ...start }, ANNA, { verb: "approve", approval: second });
    await world.drain();
    assert.deepEqual([act.calls.length, (await world.run(id)).ended?.state], [2, "succeeded"]);
  }
});

test("a decision that the store does not confirm, or that never fits what is stored, is not told as made", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const yes = { verb: "approve", approval: (await world.run(id)).asked?.approvalId ?? "" } as const;
  const away = async () => {
    throw new AppError("unavailable", "the store does not answer");
  };
  const check = { check: "length", list: "x", is: 0 } as const;
  const crowded = async () => ({ ok: false as const, now: world.clock.now(), failed: check });
  for (const [commit, sentence] of [
    [away, "the store does not answer; whether this was decided is not known: look before you try again"],
    [crowded, "too many people decided at once; try again"],
  ] as const) {
    const decided = await decide({ ...world.deps, ...start, store: { ...world.store, commit } }, ANNA, yes);
    assert.deepEqual(decided, { ok: false, code: "unavailable", sentence });
  }
  await world.pass(60_000);
  assert.equal(act.calls.length, 0);
});

test("a yes to another request than the one that is open is not taken for it", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const said = { kind: "approval", at: world.clock.now(), approvalId: "apr-old", by: "anna (api)", reason: "" };
  for (const status of ["approved", "rejected"]) {
    await world.store.commit({
      checks: [],
      writes: [
        { write: "append", list: `inbox:${id}`, items: [{ ...said, status }] },
        { write: "due", member: `run:${id}`, at: 0 },
      ],
    });
    await world.drain();
    const { asked, ended } = await world.run(id);
    assert.deepEqual([asked !== undefined, ended, act.calls.length], [true, undefined, 0]);
  }
});

test("a yes after the time to decide counts for nothing, also before the clock has closed the request; nor does one to no request", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  const late = async (by: number, which: string) => {
    const store = { ...world.store, now: async () => world.clock.now() + by };
    const decided = await decide({ ...world.deps, ...start, store }, ANNA, { verb: "approve", approval: which });
    await world.drain();
    return decided.sentence;
  };
  assert.match(await late(900_000, approval), /expired; it never runs anything after that; nothing has been changed/);
  assert.equal(await late(0, "apr-none"), "no approval apr-none");
  assert.equal(act.calls.length, 0);
  assert.match(await late(899_999, approval), /^approved/);
  assert.equal(act.calls.length, 1);
});
