import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import { playbook, scripted, step, verify } from "../../support/engine.ts";
import { fieldWorld, leased } from "../../support/field-world.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

test("the end of a lease is told before what it means for the incident", async () => {
  const { world } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.pass(HOUR + 2 * MINUTE);
  const lines = await world.timeline();
  const ended = lines.findIndex((line) => /^lease \S+ ended: /.test(line));
  assert.ok(ended >= 0);
  assert.equal(lines[ended + 1], "the change made for this incident was undone, and the alert still fires");
});

test("what an earlier rung changed is undone without the playbook that helped coming again", async () => {
  const { world, written } = fieldWorld();
  let recovers = false;
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: recovers } }),
  });
  const helps = scripted(world.actions, "t.restart");
  const checked = { verify: verify("t.read", { within: MINUTE }) };
  world.playbooks.set("first", playbook("first", [leased("on", 1)], checked));
  world.playbooks.set("second", playbook("second", [step("restart", "t.restart")], checked));
  await world.open("first");
  await world.pass(MINUTE + 30_000);
  recovers = true;
  await world.pass(2 * MINUTE);
  const status = async () => (await world.store.get<Incident>("incident", "inc-1"))?.body.status;
  assert.equal(await status(), "mitigated");
  await world.pass(HOUR);
  assert.deepEqual(written, ["on", "off"]);
  assert.equal(helps.calls.length, 1, "nothing of it was undone");
  assert.equal(await status(), "mitigated");
  const lines = await world.timeline();
  assert.ok(lines.every((line) => !line.startsWith("open again")));
});

/** A field whose setting is undone by nothing where it was set already, as with the real actions. */
function thriftyField() {
  const house = fieldWorld();
  const set = house.world.actions.get("t.set");
  assert.ok(set);
  const revert: typeof set.revert = (input, output) =>
    output["former"] === output["value"] ? undefined : set.revert?.(input, output);
  house.world.actions.set("t.set", { ...set, revert });
  house.world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  return house;
}

test("an incident that came back while its mitigation was in force asks for it again when the older lease has undone it", async () => {
  const { world, field } = thriftyField();
  await world.open("p");
  await world.pass(30 * MINUTE);
  const again = await world.open("p", { opening: 2, reopenedAt: world.clock.now() });
  await world.pass(MINUTE);
  const second = await world.run(again);
  assert.deepEqual([second.ended?.state, second.steps.get("set")?.output?.["former"]], ["succeeded", "on"]);
  await world.pass(30 * MINUTE);
  assert.equal(field.value, "off");
  const lines = await world.timeline();
  assert.ok(lines.includes("the change made for this incident was undone, and the alert still fires"));
  assert.ok(
    lines.some((line) => /^approval apr-\w+ asked for: the same mitigation was undone a short while ago/.test(line)),
  );
});

test("another incident that stood by the same change asks for it when the lease of the first has undone it", async () => {
  const { world, field } = thriftyField();
  await world.open("p");
  await world.pass(30 * MINUTE);
  const other = { id: "inc-2", key: "service=b", labels: { service: "b" } };
  const run = await world.open("p", other);
  const doc = await world.store.get<Incident>("incident", "inc-2");
  const body = { ...doc?.body, ladders: { "thing:one": run }, status: "mitigated" };
  const index = "incidents:mitigated";
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "incident", id: "inc-2", body },
      { write: "index", index, member: "inc-2", score: world.clock.now() },
    ],
  });
  await world.pass(31 * MINUTE);
  assert.equal(field.value, "off");
  const lines = (await world.store.list<{ text: string }>("timeline:inc-2")).map((entry) => entry.text);
  const again =
    /^open again: the change that its run found in force was undone with lease lea-\w+ of inc-1, and the alert/;
  assert.ok(lines.some((line) => again.test(line)));
  assert.ok(lines.some((line) => /^approval apr-\w+ asked for: the same mitigation was undone/.test(line)));
  assert.deepEqual((await world.store.page(index, { limit: 5 })).members, []);
});
