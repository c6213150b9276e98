import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import type { Store, Tx } from "../../../src/core/store.ts";
import { CONFIG, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

/** A store in which the incident changes just before this commit for the first time. */
function racing(isMeant: (tx: Tx) => boolean): (store: Store) => Store {
  let raced = false;
  return (store) => ({
    ...store,
    async commit(tx) {
      if (!raced && isMeant(tx)) {
        raced = true;
        const doc = await store.get<Incident>("incident", "inc-1");
        const body = { ...doc?.body, counts: { firing: 2, total: 2 } };
        await store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: "inc-1", body }] });
      }
      return store.commit(tx);
    },
  });
}

const puts = (tx: Tx, what: (incident: Incident) => boolean): boolean =>
  tx.writes.some((write) => write.write === "put" && write.kind === "incident" && what(write.body as Incident));

test("the next playbook follows at once although the incident has just changed", async () => {
  const world = createWorld(
    CONFIG,
    racing((tx) => puts(tx, ({ runs }) => runs.length === 2)),
  );
  scripted(world.actions, "t.first", {
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  const second = scripted(world.actions, "t.second");
  world.playbooks.set("first", playbook("first", [step("a", "t.first")]));
  world.playbooks.set("second", playbook("second", [step("b", "t.second")]));
  await world.open("first");
  await world.pass(10_000);
  assert.equal(second.calls.length, 1);
  assert.deepEqual((await world.store.get<Incident>("incident", "inc-1"))?.body.counts, { firing: 2, total: 2 });
});

test("an incident is mitigated at once although it has just changed", async () => {
  const world = createWorld(
    CONFIG,
    racing((tx) => puts(tx, ({ status }) => status === "mitigated")),
  );
  scripted(world.actions, "t.act");
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  world.playbooks.set("p", playbook("p", [step("a", "t.act")], { verify: verify("t.read") }));
  await world.open("p");
  await world.pass(60_000);
  const { status, counts } = (await world.store.get<Incident>("incident", "inc-1"))?.body ?? {};
  assert.deepEqual([status, counts], ["mitigated", { firing: 2, total: 2 }], "and the change is not lost");
});
