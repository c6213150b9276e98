import assert from "node:assert/strict";
import { test } from "node:test";
import type { Demotion } from "../../../src/core/demotion.ts";
import type { Store } from "../../../src/core/store.ts";
import { CONFIG, createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";

const CHECKS = verify("t.read", { hold: 0, within: 30_000 });

/** A playbook of one change, and what its checks say. */
function measured(wrap?: (store: Store) => Store) {
  const world = createWorld(CONFIG, wrap);
  const found = { ok: false };
  scripted(world.actions, "t.act");
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ...found } }) });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: CHECKS }));
  world.deps.ladders = async () => new Map();
  return { world, found };
}

async function failuresAfter(world: World, nth: number): Promise<number> {
  const id = `inc-${nth}`;
  const run = await world.open("p", { id, key: id });
  await world.pass(60_000);
  assert.ok((await world.run(run)).ended);
  return (await world.store.get<Demotion>("demotion", "p"))?.body.failures ?? 0;
}

test("a run that has changed nothing takes back no failed verification that was counted before it", async () => {
  const { world, found } = measured();
  assert.equal(await failuresAfter(world, 1), 1);
  found.ok = true;
  world.playbooks.set("p", playbook("p", [step("look", "t.read")], { verify: CHECKS }));
  assert.equal(await failuresAfter(world, 2), 1);
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: CHECKS }));
  assert.equal(await failuresAfter(world, 3), 0);
});

test("of two runs that end at the same moment both failed verifications count", async () => {
  let isLate = false;
  const other: Demotion = { failures: 1, demoted: false, at: 0 };
  const { world } = measured((store) => ({
    ...store,
    async get(kind, id) {
      const doc = await store.get(kind, id);
      if (kind === "demotion" && !isLate) {
        isLate = true;
        await store.commit({ checks: [], writes: [{ write: "put", kind, id, body: other }] });
      }
      return doc as never;
    },
  }));
  assert.equal(await failuresAfter(world, 1), 2);
});
