import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/core/lease.ts";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, playbook, scripted, step, type World } from "../../support/engine.ts";
import { fieldWorld, leased } from "../../support/field-world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const WAIT: Step = { kind: "wait", id: "wait", for: 30 * MINUTE };

/** A run that sets the field under a lease, waits, fails, and undoes it itself. */
function failing(name: string, hours: number) {
  return playbook(name, [leased("full", hours), WAIT, step("fail", "t.fail")], { onFailure: ["revert"] });
}

function failingWorld() {
  const made = fieldWorld();
  scripted(made.world.actions, "t.fail", {
    answer: () => ({ ok: false, reason: "denied", message: "no", retryable: false, sent: "refused" }),
  });
  return made;
}

async function leases(world: World): Promise<readonly (string | undefined)[]> {
  const { members } = await world.store.page("leases", { limit: 5 });
  return (await world.store.getMany<Lease>("lease", members)).map((doc) => doc?.body.status);
}

test("a lease ends with its own run's undoing, so that it neither fails later nor undoes what a person sets then", async () => {
  const { world, field, written } = failingWorld();
  world.playbooks.set("p", failing("p", 1));
  await world.open("p");
  await world.pass(31 * MINUTE);
  assert.deepEqual([field.value, await leases(world)], ["off", ["reverted"]]);
  assert.ok((await world.timeline()).some((line) => line.includes("its run has undone")));
  field.value = "full";
  await world.pass(2 * HOUR);
  assert.deepEqual([field.value, written], ["full", ["full", "off"]]);
});

test("where a person had reverted it while its run was under way, the run's undoing ends it as well", async () => {
  const { world, field } = failingWorld();
  world.playbooks.set("p", failing("p", 2));
  await world.open("p");
  await world.pass(25 * MINUTE);
  const [lease = ""] = (await world.store.page("leases", { limit: 5 })).members;
  assert.equal((await decide(world.deps, ANNA, { verb: "revert", lease })).ok, true);
  await world.pass(30 * MINUTE);
  assert.deepEqual([field.value, await leases(world)], ["off", ["reverted"]]);
});

test("what an older lease has handed down meanwhile is restored when the run undoes its own change", async () => {
  const { world, field, written } = failingWorld();
  world.playbooks.set("old", playbook("old", [leased("on", 1)]));
  world.playbooks.set("p", failing("p", 5));
  await world.open("old");
  await world.pass(50 * MINUTE);
  world.playbooks.delete("old");
  await world.open("p", { id: "inc-2", key: "service=b" });
  await world.pass(20 * MINUTE);
  assert.equal(field.value, "full", "the older lease has ended under the younger one");
  await world.pass(15 * MINUTE);
  assert.deepEqual([field.value, written], ["off", ["on", "full", "on", "off"]]);
  assert.deepEqual([...(await leases(world))].toSorted(), ["reverted", "superseded"]);
});
