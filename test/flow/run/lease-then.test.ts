import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/core/config.ts";
import type { Lease } from "../../../src/core/lease.ts";
import type { Autonomy, Playbook } from "../../../src/core/playbook/playbook.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, CONFIG, constant, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const CALLING = {
  ...CONFIG,
  escalation: [{ after: 0, when: "needs-person", severities: ["P0"], notify: ["pagerduty:platform"] }],
} as Config;

/** A playbook with leased steps, whose leases are ended by the playbook `back`. */
async function thenWorld({ autonomy = "auto", ...more }: { autonomy?: Autonomy } & Partial<Playbook> = {}) {
  const world = createWorld(CALLING);
  world.deps.ladders = async () => new Map();
  const pages: string[] = [];
  world.deps.page = async (_connection, event) => {
    if (event.action === "trigger") pages.push(event.summary);
    return { ok: true };
  };
  const restored = { ok: true };
  const failure = { ok: false, reason: "denied", message: "no right", retryable: false, sent: "refused" } as const;
  scripted(world.actions, "t.set", { effect: "reversible", revert: ({ f }) => ({ uses: "t.undo", with: { f } }) });
  const undo = scripted(world.actions, "t.undo", { effect: "reversible" });
  const restore = scripted(world.actions, "t.restore", {
    effect: "reversible",
    answer: () => (restored.ok ? { ok: true, done: true, output: {} } : failure),
  });
  const leased = (f: string, hours: number) =>
    step(f, "t.set", {
      with: constant({ f }),
      lease: { for: hours * HOUR, releaseWhen: [], onEnd: { kind: "playbook", name: "back" } },
    });
  world.playbooks.set("p", playbook("p", [leased("a", 1), leased("b", 2)]));
  const terms = { autonomy: { P0: autonomy }, on: "manual" as const, ...more };
  world.playbooks.set("back", playbook("back", [step("s", "t.restore")], terms));
  await world.open("p");
  await world.drain();
  const leases = async () => {
    const { members } = await world.store.page("leases", { limit: 5 });
    const docs = (await world.store.getMany<Lease>("lease", members)).flatMap((doc) => (doc ? [doc.body] : []));
    return docs.toSorted((a, b) => a.endsAt - b.endsAt);
  };
  const statuses = async () => (await leases()).map(({ status }) => status);
  return { world, pages, restored, restore, undo, leases, statuses };
}

test("a lease ends with the success of the playbook that ends it, each lease with a run of its own", async () => {
  const { world, restore, undo, statuses } = await thenWorld();
  await world.pass(HOUR + 5_000);
  assert.deepEqual([restore.calls.length, await statuses()], [1, ["reverted", "active"]]);
  await world.pass(HOUR);
  assert.deepEqual([restore.calls.length, undo.calls.length, await statuses()], [2, 0, ["reverted", "reverted"]]);
  assert.ok((await world.timeline()).some((line) => /^playbook back ends lease lea-\w+: chosen/.test(line)));
});

test("a playbook that fails to end a lease is tried again like an undoing that fails, then people are called", async () => {
  const { world, restored, restore, undo, pages, leases, statuses } = await thenWorld();
  restored.ok = false;
  await world.pass(HOUR + 3 * MINUTE);
  assert.equal((await statuses())[0], "active");
  await world.pass(30 * MINUTE);
  assert.deepEqual([restore.calls.length, (await leases())[0]?.status], [5, "failed"]);
  assert.match(pages.join(), /could not be undone/);
  await decide(world.deps, ANNA, { verb: "revert", lease: (await leases())[0]?.id ?? "" });
  await world.pass(MINUTE);
  assert.deepEqual([undo.calls.length, (await statuses())[0]], [1, "reverted"], "by its own undoing");
});

test("where the playbook that ends a lease may only observe, a person has to decide at once", async () => {
  const { world, pages, statuses } = await thenWorld({ autonomy: "observe" });
  await world.pass(HOUR + MINUTE);
  assert.deepEqual([(await statuses())[0], pages.length], ["failed", 1]);
});

test("where a person rejects the playbook that ends a lease, it is not asked again and again", async () => {
  const { world, pages, restore, statuses } = await thenWorld({ autonomy: "approve" });
  await world.pass(HOUR + MINUTE);
  const [approval = ""] = (await world.store.page("approvals:pending", { limit: 5 })).members;
  assert.equal((await decide(world.deps, ANNA, { verb: "reject", approval })).ok, true);
  await world.pass(30 * MINUTE);
  assert.deepEqual([restore.calls.length, (await statuses())[0]], [0, "failed"]);
  assert.match(pages.join(), /could not be undone/);
});

test("a playbook that is denied the end of a lease is tried again", async () => {
  const { world, restore, statuses } = await thenWorld({ limits: { budget: [], cooldown: 3 * HOUR } });
  await world.pass(2 * HOUR + 5 * MINUTE);
  assert.deepEqual([restore.calls.length, await statuses()], [1, ["reverted", "active"]]);
  await world.pass(3 * HOUR);
  assert.deepEqual([restore.calls.length, await statuses()], [2, ["reverted", "reverted"]]);
});

test("who cancels the playbook that ends a lease keeps the change", async () => {
  const { world, restore, leases } = await thenWorld({ autonomy: "approve" });
  await world.pass(HOUR + MINUTE);
  await decide(world.deps, ANNA, { verb: "cancel", run: (await leases())[0]?.revertRun ?? "" });
  await world.pass(30 * MINUTE);
  assert.deepEqual([restore.calls.length, (await leases())[0]?.status], [0, "kept"]);
});

test("who cancels the playbook that ends a lease during its last call comes too late, and reads so", async () => {
  const { world, restore, leases, statuses } = await thenWorld();
  const real = world.actions.get("t.restore");
  assert.ok(real);
  world.actions.set("t.restore", {
    ...real,
    async run(...call) {
      const done = await real.run(...call);
      await decide(world.deps, ANNA, { verb: "cancel", run: (await leases())[0]?.revertRun ?? "" });
      return done;
    },
  });
  await world.pass(HOUR + 5_000);
  assert.deepEqual([restore.calls.length, await statuses()], [1, ["reverted", "active"]]);
  const said = (await world.timeline()).filter((line) => line.includes("anna"));
  assert.deepEqual(said, [
    "cancelled by anna (api)",
    "back succeeded: its call had begun when it was cancelled by anna (api)",
  ]);
});

const MANUAL = { on: "manual" } as const;
const RESTORE = step("s", "t.restore");

for (const { when, back, answer } of [
  {
    when: "while it measures",
    back: playbook("back", [RESTORE], { ...MANUAL, verify: verify("t.look") }),
    answer: false,
  },
  {
    when: "between its steps",
    back: playbook("back", [RESTORE, { kind: "wait", id: "w", for: HOUR }, step("more", "t.restore")], MANUAL),
    answer: false,
  },
  { when: "by an answer", back: playbook("back", [step("s", "t.dies")], MANUAL), answer: true },
])
  test(`who ends the playbook that ends a lease ${when} has not ended the lease`, async () => {
    const { world, leases } = await thenWorld();
    scripted(world.actions, "t.look", { effect: "read" });
    scripted(world.actions, "t.dies", { answer: () => world.die() });
    world.playbooks.set("back", back);
    await world.pass(HOUR + 2 * MINUTE);
    const run = (await leases())[0]?.revertRun ?? "";
    assert.equal((await world.run(run)).ended, undefined);
    const decision = answer ? ({ verb: "answer", run, answer: "abort" } as const) : ({ verb: "cancel", run } as const);
    assert.equal((await decide(world.deps, ANNA, decision)).ok, true);
    await world.pass(MINUTE);
    assert.equal((await world.run(run)).ended?.state, "cancelled");
    assert.notEqual((await leases())[0]?.status, "reverted");
  });
