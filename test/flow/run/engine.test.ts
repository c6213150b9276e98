import assert from "node:assert/strict";
import { test } from "node:test";
import type { Incident } from "../../../src/core/incident.ts";
import type { Lease } from "../../../src/core/lease.ts";
import type { Step } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { advance } from "../../../src/flow/run/advance.ts";
import { ANNA, condition, constant, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

const start = {
  playbook: () => undefined,
  playbookNames: () => [],
  autonomyLimits: async () => ({ ceiling: "auto" as const, demoted: new Set<string>() }),
};

test("runs the steps in order, measures recovery and succeeds", async () => {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: true } }),
  });
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("look", "t.read"), step("act", "t.act")], { verify: verify("t.read") }));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended, undefined, "recovery must hold before it succeeds");
  await world.pass(60_000);
  const run = await world.run(id);
  assert.equal(run.ended?.state, "succeeded");
  assert.equal(act.calls.length, 1);
  assert.ok(read.calls.length >= 4);
  assert.deepEqual(await world.store.locks(["thing:one"]), {});
  assert.equal((await world.store.get<Incident>("incident", "inc-1"))?.body.status, "mitigated");
});

test("a failed step stops the run and reverts what was changed, latest first", async () => {
  const world = createWorld();
  const undone: string[] = [];
  for (const name of ["a", "b"]) {
    scripted(world.actions, `t.${name}`, { effect: "reversible", revert: () => ({ uses: "t.undo", with: { name } }) });
  }
  scripted(world.actions, "t.undo", { effect: "reversible" });
  scripted(world.actions, "t.fail", {
    answer: () => ({ ok: false, reason: "denied", message: "access denied", retryable: false, sent: "refused" }),
  });
  const after = scripted(world.actions, "t.after");
  world.playbooks.set(
    "p",
    playbook("p", [step("a", "t.a"), step("b", "t.b"), step("c", "t.fail"), step("d", "t.after")], {
      onFailure: ["revert", "escalate"],
    }),
  );
  const id = await world.open("p");
  await world.pass(30_000);
  const run = await world.run(id);
  assert.equal(run.ended?.state, "failed");
  assert.equal(after.calls.length, 0);
  undone.push(...[...run.steps.keys()].filter((path) => path.startsWith("undo/")));
  assert.deepEqual(undone, ["undo/b", "undo/a"]);
  const incident = await world.store.get<Incident>("incident", "inc-1");
  assert.notEqual(incident?.body.escalatedAt, undefined, "the ladder is empty: people are told");
});

test("a call with an unknown end that cannot be looked up stops the run and asks people", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act", {
    answer: () => ({ ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" }),
  });
  world.playbooks.set(
    "p",
    playbook("p", [step("one", "t.act", { retry: { attempts: 5, delay: 1, backoff: "constant" } })]),
  );
  const id = await world.open("p");
  await world.pass(60_000);
  const run = await world.run(id);
  assert.ok(run.unknown);
  assert.equal(act.calls.length, 1, "an unknown outcome is never retried");
  assert.deepEqual(await world.store.locks(["thing:one"]), { "thing:one": id });
  await decide({ ...world.deps, ...start }, ANNA, { verb: "answer", run: id, answer: "done" });
  await world.drain();
  assert.equal((await world.run(id)).ended?.state, "succeeded");
  assert.equal(act.calls.length, 1);
});

test("a worker that dies after the call leaves the truth to reconcile", async () => {
  for (const [verdict, calls, state] of [
    ["done", 1, "succeeded"],
    ["not-done", 2, "succeeded"],
    ["unknown", 1, undefined],
  ] as const) {
    const world = createWorld();
    let crash = true;
    const act = scripted(world.actions, "t.act", {
      conditional: true,
      answer: () => {
        if (!crash) return { ok: true, done: true, output: {} };
        crash = false;
        return new Promise(() => {});
      },
      reconcile: async () =>
        verdict === "done" ? { verdict, result: { ok: true, done: true, output: {} } } : { verdict, detail: "looked" },
    });
    world.playbooks.set("p", playbook("p", [step("one", "t.act")]));
    const id = await world.open("p");
    void advance(world.deps, id, new AbortController().signal);
    while (act.calls.length === 0) await new Promise(setImmediate);
    await world.pass(10_000);
    assert.equal(act.calls.length, 1, "nobody else acts while the claim lasts");
    await world.pass(70_000);
    assert.equal(act.calls.length, calls, verdict);
    assert.equal((await world.run(id)).ended?.state, state, verdict);
  }
});

test("a lease is undone at its end, and a revert now undoes it at once", async () => {
  for (const how of ["end", "now"] as const) {
    const world = createWorld();
    scripted(world.actions, "t.set", {
      effect: "reversible",
      revert: () => ({ uses: "t.undo", with: { back: true } }),
    });
    const undo = scripted(world.actions, "t.undo", { effect: "reversible" });
    world.playbooks.set(
      "p",
      playbook("p", [step("one", "t.set", { lease: { for: 7_200_000, releaseWhen: [], onEnd: { kind: "revert" } } })]),
    );
    await world.open("p");
    await world.drain();
    const [id] = (await world.store.page("leases:active", { limit: 5 })).members;
    assert.ok(id);
    await world.pass(60_000);
    assert.equal(undo.calls.length, 0);
    if (how === "now") await decide({ ...world.deps, ...start }, ANNA, { verb: "revert", lease: id });
    await world.pass(how === "now" ? 5_000 : 7_200_000);
    assert.deepEqual(
      undo.calls.map((call) => call.input),
      [{ back: true }],
    );
    assert.equal((await world.store.get<Lease>("lease", id))?.body.status, "reverted");
  }
});

test("a pause holds the next change and nothing else; resuming lets it go on", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("one", "t.act")]));
  await decide({ ...world.deps, ...start }, ANNA, { verb: "pause", scope: "global" });
  const id = await world.open("p");
  await world.pass(3_600_000);
  assert.equal(act.calls.length, 0);
  await decide({ ...world.deps, ...start }, ANNA, { verb: "resume", scope: "global" });
  await world.pass(10_000);
  assert.equal(act.calls.length, 1);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("a condition that is unknown ends a mutating step's run and skips a read step", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  const read = scripted(world.actions, "t.read", { effect: "read" });
  const unknown = condition("facts.cpu > 0.8", () => undefined);
  world.playbooks.set(
    "p",
    playbook("p", [step("look", "t.read", { if: unknown }), step("act", "t.act", { if: unknown })]),
  );
  const id = await world.open("p");
  await world.pass(10_000);
  const run = await world.run(id);
  assert.equal(run.steps.get("look")?.outcome, "skipped");
  assert.match(run.ended?.reason ?? "", /unknown/);
  assert.equal(run.steps.get("act")?.reason, "condition_unknown");
  assert.match(run.ended?.reason ?? "", /^condition_unknown: act: /);
  assert.equal(act.calls.length + read.calls.length, 0);
});

test("a wait or a parallel of reads whose condition is unknown is skipped, a block that may change something ends the run", async () => {
  const unknown = condition("facts.cpu > 0.8", () => undefined, ["cpu"]);
  const blocks: readonly (readonly [Step, "skipped" | "failed"])[] = [
    [{ kind: "wait", id: "block", for: 3_600_000, if: unknown }, "skipped"],
    [{ kind: "parallel", id: "block", steps: [step("look", "t.read")], if: unknown }, "skipped"],
    [{ kind: "switch", id: "block", cases: [], default: [step("inner", "t.act")], if: unknown }, "failed"],
    [
      { kind: "for-each", id: "block", items: constant([1]), as: "n", steps: [step("in", "t.act")], if: unknown },
      "failed",
    ],
  ];
  for (const [block, outcome] of blocks) {
    const world = createWorld();
    const act = scripted(world.actions, "t.act");
    const read = scripted(world.actions, "t.read", { effect: "read" });
    world.playbooks.set("p", playbook("p", [block, step("act", "t.act")]));
    const id = await world.open("p");
    await world.pass(10_000);
    const run = await world.run(id);
    assert.equal(run.steps.get("block")?.outcome, outcome, block.kind);
    assert.equal(run.ended?.state, outcome === "skipped" ? "succeeded" : "failed", block.kind);
    assert.deepEqual([act.calls.length, read.calls.length], [outcome === "skipped" ? 1 : 0, 0], block.kind);
    if (outcome === "failed") assert.equal(run.steps.get("block")?.reason, "condition_unknown");
  }
});

test("observe calls reads, writes what it would do and changes nothing", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { autonomy: { P0: "observe" } }));
  const id = await world.open("p");
  await world.drain();
  assert.equal((await world.run(id)).ended?.state, "observed");
  assert.equal(act.calls.length, 0);
  assert.ok((await world.timeline()).some((line) => line.includes("it would do t.act")));
});

test("the second run on a target waits for the first and the cooldown then denies it", async () => {
  const world = createWorld();
  const act = scripted(world.actions, "t.act");
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { limits: { cooldown: 900_000, budget: [] } }));
  const first = await world.open("p");
  await world.drain();
  const second = await world.open("p", { id: "inc-2", key: "service=b" });
  await world.pass(10_000);
  assert.equal((await world.run(first)).ended?.state, "succeeded");
  assert.match((await world.run(second)).ended?.reason ?? "", /^denied\.cooldown/);
  assert.equal(act.calls.length, 1);
});

test("switch takes the first case that holds; for-each goes round by round and a failed round goes back to the one before", async () => {
  const world = createWorld();
  const set = scripted(world.actions, "t.set", {
    effect: "reversible",
    revert: (input) => ({ uses: "t.back", with: { from: input["weight"] } }),
  });
  const back = scripted(world.actions, "t.back", { effect: "reversible" });
  let healthy = true;
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: healthy } }),
  });
  const weight = {
    text: "w",
    reads: [],
    render: (scope: { item?: Readonly<Record<string, unknown>> }) => ({
      known: true as const,
      value: { weight: scope.item?.["weight"] },
    }),
  };
  world.playbooks.set(
    "p",
    playbook("p", [
      {
        kind: "switch",
        id: "tree",
        cases: [
          { when: condition("no", () => false), steps: [] },
          {
            when: condition("yes", () => true),
            steps: [
              {
                kind: "for-each",
                id: "rounds",
                as: "weight",
                items: constant([10, 25, 50, 100]),
                steps: [step("set", "t.set", { with: weight })],
                wait: 60_000,
                verify: verify("t.read", { within: 60_000 }),
              },
            ],
          },
        ],
        default: [],
      },
    ]),
  );
  const id = await world.open("p");
  await world.pass(110_000);
  assert.deepEqual(
    set.calls.map((call) => call.input["weight"]),
    [10, 25],
  );
  healthy = false;
  await world.pass(300_000);
  const run = await world.run(id);
  assert.equal(run.ended?.state, "failed");
  assert.deepEqual(
    set.calls.map((call) => call.input["weight"]),
    [10, 25],
  );
  assert.deepEqual(
    back.calls.map((call) => call.input["from"]),
    [25],
  );
});
