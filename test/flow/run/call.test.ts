import assert from "node:assert/strict";
import { test } from "node:test";
import { createHumanTask } from "../../../src/actions/people/human-task.ts";
import { AppError } from "../../../src/core/errors.ts";
import { constant, createWorld, playbook, scripted, step } from "../../support/engine.ts";

test("a call is made within what is left of the claim, whatever fraction of a millisecond that is", async () => {
  const world = createWorld();
  let spent = 0;
  world.deps.monotonic = () => world.clock.now() + spent;
  const act = scripted(world.actions, "t.act", {
    async prepare() {
      spent += 30_500.25;
      return { ok: true, before: {} };
    },
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  await world.pass(60_000);
  assert.equal(act.calls.length, 1);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("a call that neither answers nor heeds its signal is given up, and people are asked what came of it", async () => {
  const world = createWorld();
  world.deps.claimFor = 200;
  let ended = false;
  scripted(world.actions, "t.act", {
    run: (_input, { signal }) => {
      signal.addEventListener("abort", () => {
        ended = true;
      });
      return new Promise(() => {});
    },
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act"), step("more", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  const { unknown } = await world.run(id);
  assert.equal(ended, true);
  assert.match(unknown?.question ?? "", /^did this take effect: do t\.act\? \(t\.act did not answer within 0\.1 s; /);
  assert.deepEqual(await world.store.locks(["thing:one"]), { "thing:one": id });
});

test("what cannot be looked up after a crash is asked of people, whatever makes it fail", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", {
    answer: () => world.die(),
    reconcile: async () => {
      throw new Error("a bug");
    },
    conditional: true,
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  await world.pass(120_000);
  assert.match((await world.run(id)).unknown?.question ?? "", /^did this take effect: .*internal error/);
  assert.equal(act.calls.length, 1);
});

test("a run whose playbook is gone changes nothing more, and asks about the call that it had begun", async () => {
  for (const isDead of [true, false]) {
    const world = createWorld();
    const act = scripted(world.actions, "t.act", {
      answer: () => (isDead ? world.die() : { ok: true, done: true, output: {} }),
    });
    const steps = [step("act", "t.act"), { kind: "wait" as const, id: "w", for: 60_000 }, step("more", "t.act")];
    world.playbooks.set("p", playbook("p", steps));
    const id = await world.open("p");
    await world.drain();
    world.deps.playbookOf = async () => {
      throw new AppError("not_found", "the text of playbook p is gone");
    };
    await world.pass(120_000);
    const { unknown, ended } = await world.run(id);
    assert.equal(act.calls.length, 1);
    if (isDead) assert.match(unknown?.question ?? "", /^did this take effect: do t\.act\?/);
    else assert.match(ended?.reason ?? "", /the text of playbook p is gone$/);
  }
});

test("a step of a parallel block that would change something after all is refused, and nothing is called", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.maybe");
  world.actions.set("t.maybe", { ...(world.actions.get("t.maybe") ?? assert.fail()), effect: () => "reversible" });
  const steps = [step("a", "t.maybe"), step("b", "t.maybe")];
  world.playbooks.set("p", playbook("p", [{ kind: "parallel", id: "both", steps }]));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended?.reason, "both/a: parallel holds read steps only");
  assert.equal(act.calls.length, 0);
});

test("a step whose targets cannot be named any more fails before anything is called", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", {
    targets: () => {
      throw new AppError("invalid_config", "there is no connection edge any more");
    },
  });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")]));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended?.reason, "act: there is no connection edge any more");
  assert.equal(act.calls.length, 0);
});

test("a plan that is only observed asks nobody to do anything", async () => {
  for (const [level, tasks] of [
    ["observe", 0],
    ["auto", 1],
  ] as const) {
    const world = createWorld();
    world.actions.set("human.task", createHumanTask(world.store));
    const ask = step("ask", "human.task", { with: constant({ ask: "look at the racks" }) });
    world.playbooks.set("p", playbook("p", [ask], { autonomy: { P0: level } }));
    await world.open("p");
    await world.drain();
    assert.equal((await world.store.page("tasks:open", { limit: 5 })).members.length, tasks);
  }
});

test("what a long call came to, and what follows it, is told with the time at which it was", async () => {
  const world = createWorld();
  let spent = 0;
  world.deps.monotonic = () => world.clock.now() + spent;
  scripted(world.actions, "t.act", {
    answer: () => {
      spent += 10_000;
      return { ok: true, done: true, output: {} };
    },
  });
  world.playbooks.set("p", playbook("p", [step("one", "t.act"), step("two", "t.act")]));
  const id = await world.open("p");
  const begun = world.clock.now();
  await world.drain();
  const events = (await world.store.loadRun(id)).events as readonly { type: string; at: number }[];
  const times = events.map(({ type, at }) => `${type} ${(at - begun) / 1_000}`);
  assert.deepEqual(times, ["created 0", "intent 0", "outcome 10", "intent 10", "outcome 20", "ended 20"]);
});

test("a call is ended at its step's own timeout", async () => {
  for (const effect of ["read", "disruptive"] as const) {
    const world = createWorld();
    scripted(world.actions, "t.act", {
      effect,
      run: (_input, { signal }) =>
        new Promise((resolve) => {
          const answer = () =>
            resolve({ ok: false, reason: "timeout", message: "too late", retryable: false, sent: "refused" });
          signal.addEventListener("abort", answer);
        }),
    });
    world.playbooks.set("p", playbook("p", [step("act", "t.act", { timeout: 20 })]));
    const id = await world.open("p");
    const begun = performance.now();
    await world.drain();
    assert.equal((await world.run(id)).ended?.reason, "act: too late");
    assert.ok(performance.now() - begun < 2_000);
  }
});
