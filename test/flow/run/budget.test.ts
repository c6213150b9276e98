import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/core/config.ts";
import { RUNNING } from "../../../src/flow/run/budgets.ts";
import { CONFIG, constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";
import { losing } from "../../support/incident.ts";

const HOUR = 3_600_000;
const TIGHT: Config = {
  ...CONFIG,
  limits: { ...CONFIG.limits, budget: [{ runs: 1, per: HOUR }], maxConcurrentRuns: 1 },
};
const NEVER_SENT = {
  ok: false as const,
  reason: "unreachable" as const,
  message: "connection refused",
  sent: "no" as const,
};

test("a run that goes on after a call that was never sent reserves its budget again", async () => {
  const world = createWorld(TIGHT);
  scripted(world.actions, "t.down", { answer: () => ({ ...NEVER_SENT, retryable: false }) });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("a", "t.down", { continueOnError: true }), step("b", "t.act")]));
  world.playbooks.set("q", playbook("q", [step("a", "t.act")]));
  const first = await world.open("p");
  await world.drain();
  assert.equal((await world.run(first)).ended?.state, "succeeded");
  const second = await world.open("q", { id: "inc-2", key: "service=b" });
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
  assert.match((await world.run(second)).ended?.reason ?? "", /^denied\.budget: the global budget of 1 per 1h/);
});

test("calls that were never sent and are not tried again leave the budget and the place to the next run", async () => {
  const world = createWorld(TIGHT);
  scripted(world.actions, "t.down", { answer: () => ({ ...NEVER_SENT, retryable: true }) });
  const act = scripted(world.actions, "t.act");
  const retry = { attempts: 2, delay: 1_000, backoff: "constant" as const };
  world.playbooks.set("p", playbook("p", [step("a", "t.down", { retry })], { priority: 9 }));
  world.playbooks.set("q", playbook("q", [step("a", "t.act")], { priority: 1 }));
  await world.open("p");
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
  assert.equal(await world.store.size(RUNNING), 0);
});

test("a run that is cancelled before its never-sent call is tried again returns the budget", async () => {
  const world = createWorld(TIGHT);
  scripted(world.actions, "t.down", { answer: () => ({ ...NEVER_SENT, retryable: true }) });
  const act = scripted(world.actions, "t.act");
  const retry = { attempts: 2, delay: HOUR, backoff: "constant" as const };
  world.playbooks.set("p", playbook("p", [step("a", "t.down", { retry })]));
  const id = await world.open("p");
  await world.drain();
  const item = { kind: "cancel", by: "anna", reason: "", at: world.clock.now() };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [item] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
  await world.drain();
  assert.equal((await world.run(id)).ended?.state, "cancelled");
  world.playbooks.set("q", playbook("q", [step("a", "t.act")]));
  await world.open("q", { id: "inc-2", key: "service=b" });
  await world.drain();
  assert.equal(act.calls.length, 1);
});

test("a call that was refused once and never sent the next time has used its budget", async () => {
  const world = createWorld(TIGHT);
  let calls = 0;
  scripted(world.actions, "t.busy", {
    answer: () => {
      calls += 1;
      return { ...NEVER_SENT, retryable: true, sent: calls === 1 ? "refused" : "no" };
    },
  });
  const act = scripted(world.actions, "t.act");
  const retry = { attempts: 2, delay: 1_000, backoff: "constant" as const };
  world.playbooks.set("p", playbook("p", [step("a", "t.busy", { retry })], { priority: 9 }));
  world.playbooks.set("q", playbook("q", [step("a", "t.act")], { priority: 1 }));
  await world.open("p");
  await world.pass(60_000);
  assert.equal(calls, 2);
  assert.equal(act.calls.length, 0);
});

test("each target has a budget of its own, over all playbooks and incidents", async () => {
  const limits = { ...CONFIG.limits, targetBudget: [{ runs: 1, per: HOUR }] };
  const world = createWorld({ ...CONFIG, limits });
  const act = scripted(world.actions, "t.act");
  const other = scripted(world.actions, "t.other", { targets: () => ["thing:two"] });
  world.playbooks.set("p", playbook("p", [step("a", "t.act")]));
  world.playbooks.set("q", playbook("q", [step("a", "t.act")]));
  world.playbooks.set("r", playbook("r", [step("a", "t.other")], { target: constant("thing:two") }));
  await world.open("p");
  await world.drain();
  const denied = await world.open("q", { id: "inc-2", key: "service=b" });
  await world.drain();
  assert.match(
    (await world.run(denied)).ended?.reason ?? "",
    /^denied\.budget: the target thing:one budget of 1 per 1h is used up/,
  );
  await world.open("r", { id: "inc-3", key: "service=c" });
  await world.drain();
  assert.deepEqual([act.calls.length, other.calls.length], [1, 1]);
});

test("what waits for its turn is told that a run which asks people holds a place", async () => {
  const world = createWorld({ ...CONFIG, limits: { ...CONFIG.limits, maxConcurrentRuns: 1 } });
  losing(world);
  scripted(world.actions, "t.other", { targets: () => ["thing:two"] });
  world.playbooks.set("q", playbook("q", [step("a", "t.other")], { target: constant("thing:two") }));
  assert.ok((await world.run(await world.open("p").then(settled))).unknown);
  const second = await world.open("q", { id: "inc-2", key: "service=b" }).then(settled);
  const { waiting } = await world.run(second);
  assert.match(waiting?.detail ?? "", /^1 run is under way .* wait for people included; at most 1 at once/);

  async function settled(id: string): Promise<string> {
    await world.drain();
    return id;
  }
});
