import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import { ALERT, createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";
import { changeIncident } from "../../support/incident.ts";

/** An incident that playbook `first` has mitigated; `names` are the playbooks of its target. */
async function mitigated(names: readonly string[]): Promise<World> {
  const world = createWorld();
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: true } }),
  });
  for (const name of names) {
    scripted(world.actions, `t.${name}`);
    world.playbooks.set(name, playbook(name, [step("act", `t.${name}`)], { verify: verify("t.read") }));
  }
  await world.open("first");
  await world.pass(60_000);
  assert.equal((await incident(world)).status, "mitigated");
  return world;
}

async function incident(world: World): Promise<Incident> {
  const doc = await world.store.get<Incident>("incident", "inc-1");
  assert.ok(doc);
  return doc.body;
}

/** What assess stores when an alert joins; `asks`: whether it matches the playbooks of the target. */
async function join(world: World, asks: boolean): Promise<void> {
  const joinedAt = world.clock.now();
  if (asks) {
    const record = { ...ALERT, id: "new", state: { ...ALERT.state, openedAt: joinedAt } };
    const ladder = [...world.playbooks.values()].map((one) => {
      return { playbook: one, target: "thing:one", entrants: [{ record, facts: {} }] };
    });
    world.deps.ladders = async () => new Map([["thing:one", ladder]]);
  }
  await changeIncident(world, (incident) => ({ ...incident, status: "open", joinedAt }));
}

describe("an alert that joins after recovery was measured", () => {
  test("starts the next playbook of its target, whose recovery is the one that counts", async () => {
    const world = await mitigated(["first", "second"]);
    await world.pass(10_000);
    await join(world, true);
    assert.equal((await incident(world)).status, "open");
    await world.pass(60_000);
    const { status, runs } = await incident(world);
    const last = await world.run(runs.at(-1) ?? "");
    assert.equal(last.created.playbook, "second");
    assert.equal(last.ended?.state, "succeeded");
    assert.equal(status, "mitigated");
  });

  test("calls a person when every playbook of its target has been tried", async () => {
    const world = await mitigated(["first"]);
    await world.pass(10_000);
    await join(world, true);
    const { status, escalatedAt } = await incident(world);
    assert.equal(status, "open");
    assert.notEqual(escalatedAt, undefined);
    assert.match(
      (await world.timeline()).at(-1) ?? "",
      /a person is needed: no playbook is left for thing:one after first/,
    );
  });

  test("leaves a target alone that it does not ask for, and the old recovery does not speak for it", async () => {
    const world = await mitigated(["first", "second"]);
    await world.pass(10_000);
    await join(world, false);
    await world.pass(60_000);
    const { status, runs, escalatedAt } = await incident(world);
    assert.deepEqual([status, runs.length, escalatedAt], ["open", 1, undefined]);
  });
});
