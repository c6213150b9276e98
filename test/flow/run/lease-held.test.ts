import assert from "node:assert/strict";
import { test } from "node:test";
import { playbook, scripted, step } from "../../support/engine.ts";
import { calmField, leased, leasesOf } from "../../support/field-world.ts";

const HOUR = 3_600_000;
const SECOND = 1_000;

test("of two leases on one field the younger is the one that was set later, not the one whose run began later", async () => {
  const { world, field, written } = calmField();
  scripted(world.actions, "t.look", {
    effect: "read",
    answer: async () => {
      await world.leap(10 * SECOND);
      await world.open("quick", { id: "inc-2", key: "service=b" });
      await world.leap(10 * SECOND);
      return { ok: true, done: true, output: {} };
    },
  });
  world.playbooks.set("slow", playbook("slow", [step("look", "t.look"), leased("on", 1)]));
  world.playbooks.set("quick", playbook("quick", [leased("full", 3)]));
  await world.open("slow");
  await world.drain();
  assert.deepEqual(written, ["full", "on"]);
  await world.pass(HOUR + SECOND);
  assert.deepEqual(
    [field.value, (await leasesOf(world)).map(({ status }) => status)],
    ["full", ["active", "reverted"]],
  );
  await world.pass(3 * HOUR);
  assert.equal(field.value, "off");
});
