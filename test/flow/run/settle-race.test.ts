import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import type { Store } from "../../../src/core/store.ts";
import { CONFIG, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";
import { puts, racing } from "../../support/racing.ts";

/** The incident changes just before it becomes so. */
function changing(isSo: (incident: Incident) => boolean): (store: Store) => Store {
  return racing(
    (tx) => puts(tx, "incident", isSo),
    async (store) => {
      const doc = await store.get<Incident>("incident", "inc-1");
      const body = { ...doc?.body, counts: { firing: 2, total: 2 } };
      await store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: "inc-1", body }] });
    },
  );
}

test("the next playbook follows at once although the incident has just changed", async () => {
  const world = createWorld(
    CONFIG,
    changing(({ runs }) => runs.length === 2),
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
    changing(({ status }) => status === "mitigated"),
  );
  scripted(world.actions, "t.act");
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  world.playbooks.set("p", playbook("p", [step("a", "t.act")], { verify: verify("t.read") }));
  await world.open("p");
  await world.pass(60_000);
  const { status, counts } = (await world.store.get<Incident>("incident", "inc-1"))?.body ?? {};
  assert.deepEqual([status, counts], ["mitigated", { firing: 2, total: 2 }], "and the change is not lost");
});
