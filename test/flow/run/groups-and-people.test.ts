import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import type { Approval } from "../../../src/core/approval.ts";
import type { Incident } from "../../../src/core/incident.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { startVetoWindows } from "../../../src/flow/veto.ts";
import { ANNA, CONFIG, constant, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

test("steps of a group are reverted together when one of them fails, whatever on-failure says", async () => {
  const world = createWorld();
  scripted(world.actions, "t.patch", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  scripted(world.actions, "t.restart", {
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  world.playbooks.set(
    "p",
    playbook("p", [step("patch", "t.patch", { group: "g" }), step("restart", "t.restart", { group: "g" })]),
  );
  const id = await world.open("p");
  await world.drain();
  assert.equal(back.calls.length, 1);
  assert.equal((await world.run(id)).ended?.state, "failed");
});

test("a resolve completes the steps of a begun group, starts no others, and measures recovery", async () => {
  const world = createWorld();
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  let resolveNow: (() => Promise<void>) | undefined;
  scripted(world.actions, "t.patch", {
    async run(_input, ctx) {
      ctx.fence();
      await resolveNow?.();
      return { ok: true, done: true, output: {} };
    },
  });
  const restart = scripted(world.actions, "t.restart");
  const later = scripted(world.actions, "t.later");
  world.playbooks.set(
    "p",
    playbook(
      "p",
      [
        step("patch", "t.patch", { group: "g" }),
        step("restart", "t.restart", { group: "g" }),
        step("later", "t.later"),
      ],
      { verify: verify("t.read") },
    ),
  );
  const id = await world.open("p");
  resolveNow = async () => {
    await world.store.commit({
      checks: [],
      writes: [{ write: "append", list: `inbox:${id}`, items: [{ kind: "resolved", at: world.clock.now() }] }],
    });
  };
  await world.pass(90_000);
  assert.equal(restart.calls.length, 1);
  assert.equal(later.calls.length, 0);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("an alert that resolves before the first change cancels the run and withdraws its approval", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [{ kind: "resolved", at: world.clock.now() }] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
  await world.drain();
  assert.equal((await world.store.get<Approval>("approval", approval))?.body.status, "withdrawn");
  const late = await decide(world.deps, ANNA, { verb: "approve", approval });
  assert.equal(late.ok, false);
  assert.match(late.sentence, /withdrawn/);
  await world.drain();
  assert.equal(act.calls.length, 0);
});

test("human.task waits for a person and goes on when they say it is done", async () => {
  const world = createWorld();
  world.actions.set("human.task", createHumanTask(world.store));
  const act = scripted(world.actions, "t.act");
  world.playbooks.set(
    "p",
    playbook("p", [
      step("look", "human.task", { with: constant({ ask: "look at the dashboard" }), timeout: 3_600_000 }),
      step("act", "t.act"),
    ]),
  );
  await world.open("p");
  await world.pass(60_000);
  assert.equal(act.calls.length, 0);
  const [task = ""] = (await world.store.page("tasks:open", { limit: 5 })).members;
  const done = await decide(world.deps, ANNA, { verb: "complete", task, answer: "all green" });
  assert.equal(done.ok, true);
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
});

test("a veto window runs unless somebody objects, starts only when a channel has shown it, and else becomes an approval", async () => {
  for (const [shown, objects, acts] of [
    [true, false, 1],
    [true, true, 0],
    [false, false, 0],
  ] as const) {
    const world = createWorld({
      ...CONFIG,
      approvals: { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, veto: 60_000 } },
    });
    const act = scripted(world.actions, "t.act", { effect: "reversible" });
    world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "approve" } }));
    const id = await world.open("p");
    await world.drain();
    const approval = (await world.run(id)).asked?.approvalId ?? "";
    const chat = { delivered: 0, approvals: shown ? { [approval]: { message: "1", shown: "x" } } : {} };
    await world.store.commit({ checks: [], writes: [{ write: "put", kind: "chat", id: "inc-1", body: chat }] });
    await startVetoWindows(world.store, "inc-1");
    await world.pass(30_000);
    assert.equal(act.calls.length, 0);
    if (objects) await decide(world.deps, ANNA, { verb: "reject", approval, reason: "not now" });
    await world.pass(180_000);
    assert.equal(act.calls.length, acts, `shown ${shown}, objects ${objects}`);
  }
});

test("a veto window never stands in for people whom a step or the configuration requires, nor does one asked before", async () => {
  for (const [required, own] of [
    [2, undefined],
    [1, 2],
    [1, 1],
  ] as const) {
    const world = createWorld({
      ...CONFIG,
      approvals: { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, required, veto: 60_000 } },
    });
    const act = scripted(world.actions, "t.act", { effect: "reversible" });
    const more = own === undefined ? {} : { approval: { required: own } };
    world.playbooks.set(
      "p",
      playbook("p", [step("act", "t.act", more)], { autonomy: { P0: own ? "auto" : "approve" } }),
    );
    const id = await world.open("p");
    await world.drain();
    const approval = (await world.run(id)).asked?.approvalId ?? "";
    const asked = (await world.store.get<Approval>("approval", approval))?.body;
    assert.equal(asked?.policy.veto, undefined);
    assert.equal(asked?.policy.required, Math.max(required, own ?? 1));
    await world.pass(10 * 60_000);
    assert.equal(act.calls.length, 0);
  }
});

test("two different people are needed where two are required; one person on two surfaces counts once", async () => {
  const world = createWorld({
    ...CONFIG,
    approvals: { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, required: 2 } },
  });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  await decide(world.deps, ANNA, { verb: "approve", approval });
  const again = await decide(world.deps, { ...ANNA, name: "token:x", via: "cli" }, { verb: "approve", approval });
  assert.equal(again.ok, false);
  await world.drain();
  assert.equal(act.calls.length, 0);
  const stranger = await decide(world.deps, { ...ANNA, name: "zed", person: "zed" }, { verb: "approve", approval });
  assert.deepEqual([stranger.ok, !stranger.ok && stranger.code], [false, "forbidden"]);
  await decide(world.deps, { ...ANNA, name: "ben", person: "ben" }, { verb: "approve", approval });
  await world.drain();
  assert.equal(act.calls.length, 1);
});

test("fifty people who press at once make one decision", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "approve" } }));
  const id = await world.open("p");
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      decide(world.deps, ANNA, { verb: index % 2 ? "approve" : "reject", approval }),
    ),
  );
  assert.equal(answers.filter((answer) => answer.ok).length, 1);
  await world.pass(60_000);
  assert.ok(act.calls.length <= 1);
});

test("three failed verifications demote a playbook to asking until a person resets it", async () => {
  const world = createWorld();
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: false } }),
  });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read", { within: 30_000 }) }));
  for (let n = 1; n <= 3; n++) {
    await world.open("p", { id: `inc-${n}`, key: `service=${n}` });
    await world.pass(120_000);
  }
  assert.equal(act.calls.length, 3);
  const fourth = await world.open("p", { id: "inc-4", key: "service=4" });
  await world.drain();
  assert.ok((await world.run(fourth)).asked, "it asks now");
  const reset = await decide(world.deps, ANNA, { verb: "reset", playbook: "p" });
  assert.equal(reset.ok, true);
  const fifth = await world.open("p", { id: "inc-5", key: "service=5" });
  await world.drain();
  assert.equal((await world.run(fifth)).asked, undefined);
});

test("take holds an incident's changes until release, and a cancel stops before the next step", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("wait", "t.act"), step("two", "t.act")]));
  const id = await world.open("p");
  await decide(world.deps, ANNA, { verb: "take", incident: "inc-1" });
  await world.pass(60_000);
  assert.equal(act.calls.length, 0);
  await decide(world.deps, ANNA, { verb: "cancel", run: id });
  await decide(world.deps, ANNA, { verb: "release", incident: "inc-1" });
  await world.pass(60_000);
  assert.equal(act.calls.length, 0);
  assert.equal((await world.run(id)).ended?.state, "cancelled");
  assert.equal(
    (await world.store.get<Incident>("incident", "inc-1"))?.body.runs.length,
    1,
    "a person stopped it: the ladder does not go on",
  );
});
