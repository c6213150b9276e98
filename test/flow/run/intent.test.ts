import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Config } from "../../../src/core/config.ts";
import type { Write } from "../../../src/core/store.ts";
import { cooldownMarker, RUNNING } from "../../../src/flow/run/budgets.ts";
import { CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BUDGET = [{ runs: 1, per: HOUR }];
const LIMITED = { ...CONFIG, limits: { ...CONFIG.limits, budget: BUDGET, targetBudget: BUDGET } } as Config;

const pause = (scope: string): Write => ({
  write: "put",
  kind: "pause",
  id: scope,
  body: { scope, by: "anna", at: 1 },
});
const lock: Write = { write: "lock", locks: ["thing:one"], owner: "run-x" };
const cooldown: Write = { write: "mark", marker: cooldownMarker("p", "thing:one"), for: HOUR };
const busy: Write = { write: "add", set: RUNNING, members: ["run-1", "run-2", "run-3", "run-4", "run-5"] };
const spend = (budget: string): Write => ({ write: "reserve", budget, id: "run-x", keep: HOUR });
const inbox = (run: string, item: object): Write => ({ write: "append", list: `inbox:${run}`, items: [item] });

/** A leased change, and its undoing an hour later. What is `armed` comes right before the next intent: after the guards were read. */
async function racing(config: Config = CONFIG) {
  const armed: { writes: Write[] } = { writes: [] };
  const world = createWorld(config, (store) => ({
    ...store,
    commit: async (tx) => {
      const isIntent = tx.writes.some((one) => one.write === "lock");
      if (isIntent) await store.commit({ checks: [], writes: armed.writes.splice(0) });
      return store.commit(tx);
    },
  }));
  world.deps.ladders = async () => new Map();
  const set = scripted(world.actions, "t.set", { effect: "reversible", revert: () => ({ uses: "t.back", with: {} }) });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  const lease = { for: HOUR, releaseWhen: [], onEnd: { kind: "revert" as const } };
  const limits = { budget: BUDGET, cooldown: 3 * HOUR };
  world.playbooks.set("p", playbook("p", [step("set", "t.set", { lease })], { limits }));
  const id = await world.open("p");
  return { world, id, set, back, armed, run: () => world.run(id) };
}

describe("what comes between the guards and the intent of a change stops it", () => {
  for (const [what, write, stands] of [
    ["a pause of everything", () => pause("global"), "waits for pause"],
    ["a pause of its playbook", () => pause("playbook:p"), "waits for pause"],
    ["a pause of its target", () => pause("target:thing:one"), "waits for pause"],
    ["a pause of its incident", () => pause("incident:inc-1"), "waits for pause"],
    ["another run's lock", () => lock, "waits for lock"],
    ["as many runs as may be at once", () => busy, "waits for concurrency"],
    ["a cooldown", () => cooldown, "denied.cooldown"],
    ["the last of the playbook's budget", () => spend("playbook:p"), "denied.budget"],
    ["the last of the target's budget", () => spend("target:thing:one"), "denied.budget"],
    ["the last of the global budget", () => spend("global"), "denied.budget"],
    ["a cancel", (id) => inbox(id, { kind: "cancel", at: 1, by: "anna", reason: "" }), "cancelled by anna"],
    ["the end of its alert", (id) => inbox(id, { kind: "resolved", at: 1 }), "resolved"],
  ] as const satisfies readonly (readonly [string, (id: string) => Write, string])[])
    test(what, async () => {
      const { world, id, set, armed, run } = await racing(LIMITED);
      armed.writes = [write(id)];
      await world.drain();
      const { ended, waiting, mutated } = await run();
      const stood = ended ? ended.reason.split(":")[0] : `waits for ${waiting?.reason}`;
      assert.deepEqual([set.calls.length, mutated, stood], [0, false, stands]);
      assert.notEqual((await world.store.locks(["thing:one"]))["thing:one"], id);
      assert.equal((await world.store.members(RUNNING)).includes(id), false, "nothing is taken for it");
    });

  test("and where nothing comes it is made", async () => {
    const { world, set } = await racing(LIMITED);
    await world.drain();
    assert.equal(set.calls.length, 1);
  });
});

describe("what comes between the guards and the intent of an undoing", () => {
  for (const [what, write, made] of [
    ["holds it, where it is a pause", pause("global"), 0],
    ["holds it, where it is another run's lock", lock, 0],
    ["does not hold it, where it is a cooldown", cooldown, 1],
    ["does not hold it, where it is a budget", spend("global"), 1],
    ["does not hold it, where it is as many runs as may be at once", busy, 1],
  ] as const)
    test(what, async () => {
      const { world, back, armed } = await racing(LIMITED);
      await world.drain();
      armed.writes = [write];
      await world.pass(HOUR + MINUTE);
      assert.deepEqual([back.calls.length, armed.writes.length], [made, 0]);
    });
});

describe("what has to wait", () => {
  for (const [reason, take, give] of [
    ["lock", lock, { write: "unlock", locks: ["thing:one"], owner: "run-x" }],
    ["concurrency", busy, { write: "remove", set: RUNNING, members: ["run-1"] }],
  ] as const) {
    test(`goes on as soon as it can within 10 minutes: ${reason}`, async () => {
      const { world, set, run } = await racing();
      await world.store.commit({ checks: [], writes: [take] });
      await world.drain();
      const { rev } = await run();
      await world.pass(9.5 * MINUTE);
      assert.deepEqual([set.calls.length, (await run()).rev], [0, rev], "looking again journals nothing");
      await world.store.commit({ checks: [], writes: [give] });
      await world.pass(10_000);
      assert.equal(set.calls.length, 1);
    });

    test(`is denied after 10 minutes: ${reason}`, async () => {
      const { world, set, run } = await racing();
      await world.store.commit({ checks: [], writes: [take] });
      await world.pass(10.5 * MINUTE);
      assert.match((await run()).ended?.reason ?? "", new RegExp(`^denied\\.${reason}: .*waited 10 minutes$`));
      assert.equal(set.calls.length, 0);
    });
  }

  test("an undoing waits for the lock as long as that takes", async () => {
    const { world, back } = await racing();
    await world.drain();
    await world.store.commit({ checks: [], writes: [lock] });
    await world.pass(2 * HOUR);
    assert.equal(back.calls.length, 0);
    await world.store.commit({ checks: [], writes: [{ write: "unlock", locks: ["thing:one"], owner: "run-x" }] });
    await world.pass(MINUTE);
    assert.equal(back.calls.length, 1);
  });
});

test("a worker that has lost its claim by then makes no change; who takes the run over makes it once", async () => {
  const { world, id, set, armed, run } = await racing();
  armed.writes = [{ write: "release", run: id, epoch: 1 }];
  await world.drain();
  assert.deepEqual([set.calls.length, (await run()).mutated], [0, false]);
  await world.pass(MINUTE + 5_000);
  assert.deepEqual([set.calls.length, (await run()).steps.get("set")?.epoch], [1, 2]);
});
