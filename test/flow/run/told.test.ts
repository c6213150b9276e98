import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, playbook, scripted, step, type World } from "../../support/engine.ts";

/** A world that notes who was woken by the queue. */
function listening(): { world: World; woken: string[] } {
  const world = createWorld();
  const woken: string[] = [];
  world.deps.queue.wake = async (member) => void woken.push(member);
  return { world, woken };
}

const count = (woken: readonly string[], member: string): number => woken.filter((one) => one === member).length;

test("what a run has to tell is published although every job of the queue is lost", async () => {
  const world = createWorld();
  const { publish } = world.deps;
  const published: string[] = [];
  world.deps.publish = async (id, signal) => {
    published.push(id);
    return publish(id, signal);
  };
  scripted(world.actions, "t.act");
  const pause = (id: string) => ({ kind: "wait" as const, id, for: 60_000 });
  world.playbooks.set("p", playbook("p", [pause("first"), step("one", "t.act"), pause("second")]));
  const id = await world.open("p");
  await world.drain();
  published.length = 0;
  await world.pass(60_000);
  assert.equal((await world.run(id)).steps.get("one")?.outcome, "succeeded");
  assert.deepEqual(published, ["inc-1"]);
});

test("the chat is woken by the first line and by the end of a run, and not by each line between", async () => {
  const { world, woken } = listening();
  scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.act"), step("three", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended?.state, "succeeded");
  assert.equal(count(woken, "chat:inc-1"), 2);
});

test("the chat is woken at once by a question, however shortly after another line", async () => {
  const { world, woken } = listening();
  scripted(world.actions, "t.act");
  scripted(world.actions, "t.flush", { effect: "destructive" });
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.flush")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).asked?.ahead?.length, 1);
  assert.equal(count(woken, "chat:inc-1"), 2);
});

test("what waits for a run's end is woken at once: its incident, and the lease that it undoes", async () => {
  const { world, woken } = listening();
  scripted(world.actions, "t.act", { revert: () => ({ uses: "t.act", with: {} }) });
  const lease = { for: 60_000, releaseWhen: [], onEnd: { kind: "revert" as const } };
  world.playbooks.set("p", playbook("p", [step("one", "t.act", { lease })]));
  world.deps.ladders = async () => new Map();
  await world.open("p");
  await world.drain();
  assert.equal(count(woken, "incident:inc-1"), 1);
  const [id] = (await world.store.page("leases", { limit: 1 })).members;
  woken.length = 0;
  await world.pass(70_000);
  assert.ok(woken.includes(`lease:${id}`), woken.join(" "));
});

test("who looks after an incident is told at once what people have decided, and that nobody knows an outcome", async () => {
  for (const decision of ["approve", "reject"] as const) {
    const { world, woken } = listening();
    scripted(world.actions, "t.act", {
      answer: () => ({ ok: false, reason: "timeout", message: "no answer", retryable: false, sent: "unknown" }),
    });
    world.playbooks.set("p", playbook("p", [step("one", "t.act")], { autonomy: { P0: "approve" } }));
    const id = await world.open("p");
    await world.drain();
    const { approvalId = "" } = (await world.run(id)).asked ?? {};
    await decide(world.deps, ANNA, { verb: decision, approval: approvalId, reason: "" });
    woken.length = 0;
    await world.drain();
    assert.equal((await world.run(id)).unknown !== undefined, decision === "approve");
    assert.equal(count(woken, "follow:inc-1"), decision === "approve" ? 2 : 1, woken.join(" "));
  }
});
