import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, playbook, scripted, step } from "../../support/engine.ts";

const BEN = { ...ANNA, name: "ben", person: "ben" };
const LEASE = { for: 3_600_000, releaseWhen: [], onEnd: { kind: "revert" as const } };

/** A run that asks what its first call came to; a later call is done. */
async function asking() {
  const world = createWorld();
  let calls = 0;
  const act = scripted(world.actions, "t.act", {
    effect: "reversible",
    revert: () => ({ uses: "t.back", with: {} }),
    answer: () =>
      calls++ === 0
        ? { ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" }
        : { ok: true, done: true, output: {} },
  });
  scripted(world.actions, "t.back", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { lease: LEASE })]));
  const id = await world.open("p");
  await world.drain();
  return { world, act, id };
}

test("an unknown outcome is answered once: a second answer is refused and says whose counts", async () => {
  for (const second of ["done", "not-done", "abort"] as const) {
    const { world, act, id } = await asking();
    assert.equal((await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "done" })).ok, true);
    const late = await decide(world.deps, BEN, { verb: "answer", run: id, answer: second });
    assert.equal(late.ok, false);
    assert.match(late.sentence, /done, by anna/);
    await world.pass(30_000);
    assert.equal(act.calls.length, 1, `done, then ${second}`);
    assert.equal((await world.run(id)).ended?.state, "succeeded");
    assert.equal((await world.store.page("leases", { limit: 5 })).members.length, 1);
  }
});

test("why somebody answered as they did is on the timeline", async () => {
  const { world, id } = await asking();
  await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "done", reason: "the pods are new" });
  await world.pass(30_000);
  assert.ok((await world.timeline()).includes("anna (api) answered done for one: the pods are new"));
});

test("an answer after the run has taken another one is told whose counts, too", async () => {
  const { world, id } = await asking();
  await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "done" });
  await world.pass(30_000);
  const late = await decide(world.deps, BEN, { verb: "answer", run: id, answer: "not-done" });
  assert.equal(late.ok, false);
  assert.match(late.sentence, /asks nothing: .*; one was answered already: done, by anna/);
});

test("two answers at the same moment are one decision", async () => {
  const { world, act, id } = await asking();
  const answers = await Promise.all(
    [ANNA, BEN, ANNA, BEN].map((who, index) =>
      decide(world.deps, who, { verb: "answer", run: id, answer: index % 2 ? "done" : "not-done" }),
    ),
  );
  assert.equal(answers.filter(({ ok }) => ok).length, 1);
  await world.pass(60_000);
  assert.ok(act.calls.length <= 2);
});

test("two answers that lie in the inbox already are one: the later one fits nothing any more", async () => {
  for (const second of ["not-done", "abort", "done"]) {
    const { world, act, id } = await asking();
    const at = world.clock.now();
    await world.store.commit({
      checks: [],
      writes: [
        {
          write: "append",
          list: `inbox:${id}`,
          items: [
            { kind: "answer", at, answer: "done", by: "anna" },
            { kind: "answer", at, answer: second, by: "ben" },
            { kind: "cancel", at, by: "anna", reason: "" },
            { kind: "cancel", at, by: "ben", reason: "" },
          ],
        },
        { write: "due", member: `run:${id}`, at: 0 },
      ],
    });
    await world.pass(30_000);
    assert.equal(act.calls.length, 1);
    const { events } = await world.store.loadRun(id);
    const types = events.map((event) => (event as { type: string }).type);
    assert.equal(types.filter((type) => type === "outcome").length, 1);
    assert.equal(types.filter((type) => type === "cancelling").length, 1);
  }
});

test("an answer to a step that is not the one in question is ignored", async () => {
  const { world, act, id } = await asking();
  const item = { kind: "answer", at: world.clock.now(), answer: "not-done", by: "anna", path: "another" };
  await world.store.commit({
    checks: [],
    writes: [
      { write: "append", list: `inbox:${id}`, items: [item] },
      { write: "due", member: `run:${id}`, at: 0 },
    ],
  });
  await world.pass(30_000);
  assert.equal((await world.run(id)).unknown?.path, "one");
  assert.equal(act.calls.length, 1);
});

test("a cancelled run that still asks says so, and an abort says that the change may be in force", async () => {
  const { world, id } = await asking();
  const cancelled = await decide(world.deps, ANNA, { verb: "cancel", run: id });
  assert.match(cancelled.sentence, /still waits for an answer/);
  await world.drain();
  const aborted = await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "abort" });
  assert.match(aborted.sentence, /may be in force/);
  await world.drain();
  assert.equal((await world.run(id)).ended?.state, "cancelled");
  assert.ok((await world.timeline()).some((line) => /one cancelled.*may be in force/.test(line)));
});

test("an answer to another question than the one that is open is not taken for it", async () => {
  const { world, act, id } = await asking();
  const put = async (item: object) => {
    await world.store.commit({
      checks: [],
      writes: [
        { write: "append", list: `inbox:${id}`, items: [{ at: world.clock.now(), by: "anna (api)", ...item }] },
        { write: "due", member: `run:${id}`, at: 0 },
      ],
    });
    await world.pass(30_000);
  };
  await put({ kind: "answer", answer: "not-done", path: "other" });
  assert.deepEqual([(await world.run(id)).unknown?.path, act.calls.length], ["one", 1]);
  await put({ kind: "answer", answer: "done", path: "one" });
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});
