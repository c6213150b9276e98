import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertRecord } from "../../../src/core/episode.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ALERT, ANNA, createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";

const MINUTE = 60_000;
const OTHER: AlertRecord = { ...ALERT, id: "alertmanager-other-1" };
const PAUSE = { kind: "wait" as const, id: "pause", for: MINUTE };

/** A run of these steps whose own alert ends at once, while another of the incident fires on; `asks`: for the same playbook. */
async function outlived({ asks, begun = [] }: { asks: boolean; begun?: Parameters<typeof playbook>[1] }) {
  const world = createWorld();
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  const first = scripted(world.actions, "t.first");
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [...begun, PAUSE, step("act", "t.act")], { verify: verify("t.read") }));
  world.deps.ladders = async () => (asks ? asking(world, OTHER) : new Map());
  const id = await world.open("p");
  await world.drain();
  await end(world);
  await world.pass(3 * MINUTE);
  return { world, first, act, ended: (await world.run(id)).ended };
}

function asking({ playbooks }: World, record: AlertRecord): Awaited<ReturnType<World["deps"]["ladders"]>> {
  const entrants = [{ record, facts: {} }];
  return new Map([
    ["thing:one", [...playbooks.values()].map((one) => ({ playbook: one, target: "thing:one", entrants }))],
  ]);
}

async function end({ store, clock }: World): Promise<void> {
  const state = { ...ALERT.state, status: "resolved", endsAt: clock.now() } as const;
  const body: AlertRecord = { ...ALERT, alert: { ...ALERT.alert, status: "resolved" }, state };
  await store.commit({ checks: [], writes: [{ write: "put", kind: "alert", id: ALERT.id, body }] });
}

test("a run whose alert has ended changes nothing, though the incident fires on with another alert, and people are called", async () => {
  const { world, act, ended } = await outlived({ asks: false });
  assert.deepEqual([act.calls.length, ended?.state], [0, "cancelled"]);
  assert.equal(ended?.reason, "denied.stale: the alert has resolved meanwhile");
  const told = (await world.timeline()).join("\n");
  assert.match(
    told,
    /a person is needed: the alert for which p was begun on thing:one has ended, and no playbook runs for/,
  );
});

test("it goes on where another alert that fires asks for the same playbook on the same target", async () => {
  const { act, ended } = await outlived({ asks: true });
  assert.deepEqual([act.calls.length, ended?.state], [1, "succeeded"]);
});

test("what it had changed by then is measured, and nothing more is begun", async () => {
  const { act, first, ended } = await outlived({ asks: false, begun: [step("first", "t.first")] });
  assert.deepEqual([first.calls.length, act.calls.length, ended?.state], [1, 0, "succeeded"]);
});

/** A run that has made its first change and asks people for the second one when its own alert ends; `still`: who is asked for then. */
async function asked(group: { group?: string }, still: (world: World) => ReturnType<typeof asking> = () => new Map()) {
  const world = createWorld();
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  scripted(world.actions, "t.first");
  const flush = scripted(world.actions, "t.flush", { effect: "destructive" });
  const steps = [step("first", "t.first", group), step("flush", "t.flush", group)];
  world.playbooks.set("p", playbook("p", steps, { verify: verify("t.read") }));
  world.deps.ladders = async () => still(world);
  const id = await world.open("p");
  await world.drain();
  await end(world);
  await world.store.commit({ checks: [], writes: [{ write: "due", member: `run:${id}`, at: 0 }] });
  await world.drain();
  const { members } = await world.store.page("approvals:pending", { limit: 5 });
  return { world, id, flush, pending: members };
}

test("where it asks people by then, they need not answer any more, and what it had changed is measured", async () => {
  for (const still of [
    () => new Map(),
    (world: World) => new Map([["thing:two", asking(world, OTHER).get("thing:one") ?? []]]),
    () => new Map([["thing:one", [{ playbook: playbook("other", []), target: "thing:one", entrants: [] }]]]),
  ]) {
    const { world, id, flush, pending } = await asked({}, still);
    assert.equal(pending.length, 0);
    await world.pass(MINUTE);
    assert.deepEqual([flush.calls.length, (await world.run(id)).steps.get("first")?.outcome], [0, "succeeded"]);
  }
});

test("where another alert that fires asks for the same, or its group is half done, people go on being asked", async () => {
  for (const [group, still] of [
    [{}, (world: World) => asking(world, OTHER)],
    [{ group: "g" }, undefined],
  ] as const) {
    const { world, id, flush, pending } = await asked(group, still);
    assert.equal(pending.length, 1);
    await decide(world.deps, ANNA, { verb: "approve", approval: pending[0] ?? "", reason: "" });
    await world.pass(MINUTE);
    assert.deepEqual([flush.calls.length, (await world.run(id)).ended?.state], [1, "succeeded"]);
  }
});

test("a run whose own alert fires on goes on, though its playbook is asked for no more", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  world.deps.ladders = async () => new Map();
  await world.store.commit({ checks: [], writes: [{ write: "put", kind: "alert", id: ALERT.id, body: ALERT }] });
  const id = await world.open("p");
  await world.drain();
  assert.deepEqual([act.calls.length, (await world.run(id)).ended?.state], [1, "succeeded"]);
});
