import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/core/lease.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { sweepRetention } from "../../../src/flow/retention-sweep.ts";
import { ANNA, constant, createWorld, playbook, scripted, step, verify, type World } from "../../support/engine.ts";

const MINUTE = 60_000;

function leased(id: string, minutes: number) {
  const lease = { for: minutes * MINUTE, releaseWhen: [], onEnd: { kind: "revert" as const } };
  return step(id, "t.set", { with: constant({ name: id, value: true }), lease });
}

/**
 * Two fields are set, each with a lease. The first lease has ended and the incident is back; the second one, of three hours, still
 * runs when the whole is done again and kept. `slowly`: after a rollout that takes until `rolled.is` is set. `former`: the leases are of a
 * version that did not tell their field by its target.
 */
async function keptWorld({ recovers = true, slowly = false, former = false } = {}) {
  const world = createWorld();
  const rolled = { is: false };
  const later = { ok: true, done: false, handle: {}, pollAfter: 5_000 } as const;
  scripted(world.actions, "t.roll", {
    answer: () => later,
    poll: async () => (rolled.is ? { ok: true, done: true, output: {} } : later),
  });
  scripted(world.actions, "t.set", {
    effect: "reversible",
    revert: ({ name }) => ({ uses: "t.undo", with: { name, value: false, expected: true } }),
  });
  const undo = scripted(world.actions, "t.undo", { effect: "reversible" });
  scripted(world.actions, "t.check", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: recovers } }),
  });
  const steps = [leased("one", 30), leased("two", 180)];
  world.playbooks.set("p", playbook("p", steps));
  await world.open("p");
  await world.drain();
  await world.pass(31 * MINUTE);
  const older = (await world.store.page("leases:active", { limit: 5 })).members[0] ?? "";
  if (former) await forgetField(world, older);
  const again = slowly ? [step("roll", "t.roll"), ...steps] : steps;
  world.playbooks.set("p", playbook("p", again, { verify: verify("t.check"), onFailure: ["revert"] }));
  const id = await world.open("p", { id: "inc-2", key: "service=b" });
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  assert.equal((await decide(world.deps, ANNA, { verb: "approve", approval, keep: true })).ok, true);
  await world.drain();
  const undone = () => undo.calls.map(({ input }) => input["name"]);
  const status = async () => (await world.store.get<Lease>("lease", older))?.body.status;
  /** Lets the older lease end now. */
  const end = async () => {
    const doc = await world.store.get<Lease>("lease", older);
    const at = world.clock.now();
    await world.store.commit({
      checks: [],
      writes: [
        { write: "put", kind: "lease", id: older, body: { ...doc?.body, endsAt: at } },
        { write: "due", member: `lease:${older}`, at },
      ],
    });
  };
  return { world, id, older, undone, status, end, rolled };
}

async function forgetField({ store }: World, id: string): Promise<void> {
  const { field: _, ...body } = (await store.get<Lease>("lease", id))?.body ?? {};
  await store.commit({ checks: [], writes: [{ write: "put", kind: "lease", id, body }] });
}

test("an older lease of a former version does not undo what is kept either", async () => {
  const { world, undone, status } = await keptWorld({ former: true });
  await world.pass(180 * MINUTE);
  assert.deepEqual([undone(), await status()], [["one"], "superseded"]);
});

test("an older lease on what is kept ends without undoing it, and says why", async () => {
  const { world, undone, status } = await keptWorld();
  assert.deepEqual(undone(), ["one"], "the lease that had ended before");
  await world.pass(180 * MINUTE);
  assert.deepEqual([undone(), await status()], [["one"], "superseded"]);
  const lines = await world.timeline();
  assert.ok(
    lines.some((line) => /undid nothing, as anna \(api\) chose to keep a later change of the same$/.test(line)),
  );
});

test("what goes back with its own run is kept no more: the older lease undoes it as promised", async () => {
  const { world, id, undone, status } = await keptWorld({ recovers: false });
  await world.pass(10 * MINUTE);
  assert.match((await world.run(id)).ended?.reason ?? "", /verification_failed.*reverted/);
  assert.deepEqual(undone(), ["one", "two", "one"]);
  await world.pass(180 * MINUTE);
  assert.deepEqual([undone(), await status()], [["one", "two", "one", "two"], "reverted"]);
});

test("a lease that ends while the kept change is still being measured waits for how that ends", async () => {
  const { world, undone, status, end } = await keptWorld({ recovers: false });
  await end();
  await world.pass(MINUTE);
  assert.deepEqual([undone(), await status()], [["one"], "active"]);
  await world.pass(12 * MINUTE);
  assert.deepEqual([undone(), await status()], [["one", "two", "one", "two"], "reverted"]);
});

test("a person who reverts the older lease afterwards has the last word", async () => {
  const { world, older, undone, status } = await keptWorld();
  await world.pass(MINUTE);
  assert.equal((await decide(world.deps, ANNA, { verb: "revert", lease: older })).ok, true);
  await world.pass(MINUTE);
  assert.deepEqual([undone(), await status()], [["one", "two"], "reverted"]);
});

test("an undoing that waits for the lock while the same is kept undoes nothing, and says why", async () => {
  const { world, older, undone, status, end, rolled } = await keptWorld({ slowly: true });
  await end();
  await world.pass(MINUTE);
  assert.equal(await status(), "reverting");
  rolled.is = true;
  await world.pass(5 * MINUTE);
  assert.deepEqual([undone(), await status()], [["one"], "superseded"]);
  assert.deepEqual(
    (await world.timeline()).slice(-4).map((line) => line.replace(/run-\w+/, "RUN")),
    [
      `undoing lease ${older} on thing:one`,
      "waiting: thing:one is locked by RUN",
      `undoing lease ${older} cancelled: a later change of the same is kept`,
      `lease ${older} ended and undid nothing, as anna (api) chose to keep a later change of the same`,
    ],
  );
});

test("an undoing that waits for the lock goes on where what was kept has gone back with its run", async () => {
  const { world, undone, status, end, rolled } = await keptWorld({ slowly: true, recovers: false });
  await end();
  await world.pass(MINUTE);
  rolled.is = true;
  await world.pass(12 * MINUTE);
  assert.deepEqual([undone(), await status()], [["one", "two", "one", "two"], "reverted"]);
});

test("nothing comes between the last look at what is kept and the undoing", async () => {
  const { world, undone, status, end } = await keptWorld();
  await world.pass(MINUTE);
  const { field, fields, commit } = world.store;
  const kept = await fields("kept");
  const store = (value: (name: string) => string | null) =>
    commit({
      checks: [],
      writes: Object.keys(kept).map((name) => ({ write: "field", hash: "kept", field: name, value: value(name) })),
    });
  await store(() => null);
  let looks = 0;
  world.store.field = async (hash, name) => {
    const seen = await field(hash, name);
    if (hash === "kept" && ++looks === 2) await store((one) => kept[one] ?? null);
    return seen;
  };
  await end();
  await world.pass(MINUTE);
  assert.deepEqual([looks > 2, undone(), await status()], [true, ["one"], "superseded"]);
});

test("what is kept is forgotten when no lease is left that could undo it", async () => {
  const { world, end } = await keptWorld();
  await world.pass(MINUTE);
  const steps = async () => Object.values(await world.store.fields("kept")).map((value) => value.split(" ")[1]);
  const kept = async () => [...new Set(await steps())].toSorted();
  assert.deepEqual(await kept(), ["one", "two"]);
  await sweepRetention(world.deps);
  assert.deepEqual(await kept(), ["two"]);
  await end();
  await world.pass(MINUTE);
  await sweepRetention(world.deps);
  assert.deepEqual(await kept(), []);
});
