import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/core/lease.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, constant, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

const MINUTE = 60_000;

function leased(id: string, minutes: number) {
  const lease = { for: minutes * MINUTE, releaseWhen: [], onEnd: { kind: "revert" as const } };
  return step(id, "t.set", { with: constant({ name: id, value: true }), lease });
}

/**
 * Two fields are set, each with a lease. The first lease has ended and the incident is back; the second one, of three hours, still
 * runs when the whole is done again and kept.
 */
async function keptWorld({ recovers = true } = {}) {
  const world = createWorld();
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
  world.playbooks.set("p", playbook("p", steps, { verify: verify("t.check"), onFailure: ["revert"] }));
  const id = await world.open("p", { id: "inc-2", key: "service=b" });
  await world.drain();
  const approval = (await world.run(id)).asked?.approvalId ?? "";
  assert.equal((await decide(world.deps, ANNA, { verb: "approve", approval, keep: true })).ok, true);
  await world.drain();
  const undone = () => undo.calls.map(({ input }) => input["name"]);
  const status = async () => (await world.store.get<Lease>("lease", older))?.body.status;
  return { world, id, older, undone, status };
}

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
  const { world, older, undone, status } = await keptWorld({ recovers: false });
  const doc = await world.store.get<Lease>("lease", older);
  assert.ok(doc);
  const { now } = world.clock;
  await world.store.commit({
    checks: [],
    writes: [
      { write: "put", kind: "lease", id: older, body: { ...doc.body, endsAt: now() } },
      { write: "due", member: `lease:${older}`, at: now() },
    ],
  });
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
