import assert from "node:assert/strict";
import { test } from "node:test";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import type { Scope } from "../../../src/core/scope.ts";
import { constant, createWorld, oneRound, playbook, scripted, step, verify } from "../../support/engine.ts";

test("what is read side by side within a round is read for its item", async () => {
  const world = createWorld();
  const look = scripted(world.actions, "t.look", { effect: "read" });
  const value = ({ item }: Scope) => ({ known: true as const, value: { of: item?.["x"] } });
  const of = { text: "x", reads: [], render: value };
  const steps = [step("a", "t.look", { with: of }), step("b", "t.look", { with: of })];
  const both: Step = { kind: "parallel", id: "both", steps };
  const rounds: Step = { kind: "for-each", id: "r", as: "x", items: constant([1, 2]), steps: [both] };
  world.playbooks.set("p", playbook("p", [rounds]));
  await world.open("p");
  await world.drain();
  assert.deepEqual(
    look.calls.map(({ input }) => input["of"]),
    [1, 1, 2, 2],
  );
});

test("a time in which nobody measured a round does not count for it, and it goes on", async () => {
  const world = createWorld();
  scripted(world.actions, "t.set");
  scripted(world.actions, "t.look", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  const checks = verify("t.look", { within: 60_000 });
  const rounds = oneRound([step("set", "t.set")], checks);
  world.playbooks.set("p", playbook("p", [rounds]));
  const id = await world.open("p");
  await world.drain();
  await world.leap(3_600_000);
  assert.equal((await world.run(id)).ended, undefined);
  await world.pass(60_000);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});
