import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

/** A run whose verification has begun to hold, and how often it was measured. */
async function measuring(terms: Parameters<typeof verify>[1]) {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: true } }),
  });
  scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read", terms) }));
  const id = await world.open("p");
  await world.pass(20_000);
  return { world, id, read, ended: async () => (await world.run(id)).ended };
}

test("a time in which nobody measured counts for no hold: it begins anew with the next measurement", async () => {
  const { world, ended } = await measuring({ every: 10_000, hold: 120_000, within: 900_000 });
  await world.leap(180_000);
  await world.pass(60_000);
  assert.equal(await ended(), undefined);
  await world.pass(90_000);
  assert.equal((await ended())?.state, "succeeded");
});

test("a measurement that comes after the time of a verification proves nothing", async () => {
  const { world, read, ended } = await measuring({ every: 10_000, hold: 120_000, within: 300_000 });
  const before = read.calls.length;
  await world.leap(3_600_000);
  await world.pass(30_000);
  assert.match((await ended())?.reason ?? "", /^verification_failed/);
  assert.equal(read.calls.length, before);
});

test("a measurement that is a little late still counts, and so does the hold before it", async () => {
  const { world, ended } = await measuring({ every: 30_000, hold: 60_000, within: 120_000 });
  await world.leap(50_000);
  await world.pass(5_000);
  assert.equal((await ended())?.state, "succeeded");
});

test("a verification that fails says what it saw last, not only that it did not hold", async () => {
  const world = createWorld();
  const gone = {
    ok: false,
    reason: "not_configured",
    message: "no http connection edge",
    retryable: false,
    sent: "no",
  } as const;
  scripted(world.actions, "t.read", {
    effect: "read",
    answer: (call) => (call < 3 ? { ok: true, done: true, output: { ok: false } } : gone),
  });
  scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read", { within: 60_000 }) }));
  const id = await world.open("p");
  await world.pass(120_000);
  const said = "verification_failed: the checks did not hold in time; at last: t.read: no http connection edge";
  assert.equal((await world.run(id)).ended?.reason, said);
});

test("a verification that held at its end, but not for its time, says so", async () => {
  const { world, ended } = await measuring({ every: 10_000, hold: 60_000, within: 30_000 });
  await world.pass(60_000);
  assert.match((await ended())?.reason ?? "", /did not hold in time; at last they held, but not for long enough$/);
});
