import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const TWO = { ...CONFIG, approvals: { ...CONFIG.approvals, default: { ...CONFIG.approvals.default, required: 2 } } };

for (const { when, resolves } of [
  { when: "as its run is cancelled", resolves: false },
  { when: "as its alert ends", resolves: true },
])
  test(`the first yes of two that comes just ${when} is kept with the request that is taken back`, async () => {
    const world = createWorld(TWO);
    scripted(world.actions, "t.set");
    scripted(world.actions, "t.flush", { effect: "destructive" });
    const [set, restart] = [step("set", "t.set", { group: "g" }), step("restart", "t.set", { group: "g" })];
    world.playbooks.set("p", playbook("p", [set, step("flush", "t.flush"), restart]));
    const id = await world.open("p");
    await world.drain();
    const { approvalId = "" } = (await world.run(id)).asked ?? {};
    if (!resolves) await decide(world.deps, ANNA, { verb: "cancel", run: id });
    else {
      const items = [{ kind: "resolved", at: world.clock.now() }];
      await world.store.commit({
        checks: [],
        writes: [
          { write: "append", list: `inbox:${id}`, items },
          { write: "due", member: `run:${id}`, at: 0 },
        ],
      });
    }
    const { store } = world;
    let isLate = false;
    const get: typeof store.get = async (kind, name) => {
      const doc = await store.get(kind, name);
      if (kind !== "approval" || isLate) return doc as never;
      isLate = true;
      await decide(world.deps, ANNA, { verb: "approve", approval: name, reason: "" });
      return doc as never;
    };
    world.deps.store = { ...store, get };
    await world.pass(60_000);
    const approval = (await store.get<Approval>("approval", approvalId))?.body;
    assert.deepEqual([approval?.status, approval?.votes.map(({ by }) => by)], ["withdrawn", ["anna (api)"]]);
    assert.equal((await world.run(id)).ended?.state, resolves ? "succeeded" : "cancelled");
  });
