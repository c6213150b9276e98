import assert from "node:assert/strict";
import { test } from "node:test";
import type { MoveInputs } from "../../../src/core/run/move.ts";
import { applyEvent, type Run } from "../../../src/core/run/run.ts";
import { verification } from "../../../src/core/run/verify-move.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

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

test("a time in which nobody measured fails no verification: it goes on for what was left of its time", async () => {
  for (const away of [3_600_000, 36_000_000]) {
    const { world, read, ended } = await measuring({ every: 10_000, hold: 120_000, within: 300_000 });
    const before = read.calls.length;
    await world.leap(away);
    assert.equal(await ended(), undefined);
    await world.pass(110_000);
    assert.equal(await ended(), undefined, "the hold begins anew");
    await world.pass(30_000);
    assert.equal((await ended())?.state, "succeeded");
    assert.ok(read.calls.length >= before + 12);
    const told = (await world.timeline()).find((line) => line.includes("nobody measured"));
    assert.match(told ?? "", /^not measured: nobody measured for [\dhms]+, which does not count$/);
  }
});

test("a verification that nobody has begun to measure in its time begins then", async () => {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer: (call) => (call === 1 ? world.die() : { ok: true, done: true, output: { ok: true } }),
  });
  scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read", { within: 60_000 }) }));
  const id = await world.open("p");
  await world.drain();
  await world.leap(3_600_000);
  await world.pass(60_000);
  assert.ok(read.calls.length > 1);
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("after a time in which nobody measured the rest of `within` is all there is", async () => {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: false } }),
  });
  scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read", { within: 120_000 }) }));
  const id = await world.open("p");
  await world.pass(60_000);
  await world.leap(3_600_000);
  const before = read.calls.length;
  await world.pass(40_000);
  assert.equal((await world.run(id)).ended, undefined);
  await world.pass(40_000);
  assert.match((await world.run(id)).ended?.reason ?? "", /^verification_failed/);
  assert.ok(read.calls.length <= before + 7, `${read.calls.length - before} more`);
});

test("a worker that is away while a pause stands fails no verification either", async () => {
  const { world, ended } = await measuring({ every: 10_000, hold: 60_000, within: 90_000 });
  await decide(world.deps, ANNA, { verb: "pause", scope: "global", reason: "wait" });
  await world.pass(30_000);
  await world.leap(3_600_000);
  await decide(world.deps, ANNA, { verb: "resume", scope: "global" });
  await world.pass(80_000);
  assert.equal((await ended())?.state, "succeeded");
});

test("a measurement that ends its worker each time ends with the time of its verification", async () => {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", { effect: "read", answer: () => world.die() });
  scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read", { within: 120_000 }) }));
  const id = await world.open("p");
  await world.pass(1_200_000);
  assert.match((await world.run(id)).ended?.reason ?? "", /^verification_failed/);
  assert.ok(read.calls.length <= 13, `${read.calls.length}`);
});

test("checks that take longer than `every` use up the time of a verification", () => {
  const terms = verify("t.read", { every: 10_000, hold: 20_000, within: 300_000 });
  const inputs = { now: 0 } as MoveInputs;
  let run = { verifications: new Map(), steps: new Map() } as unknown as Run;
  let now = 0;
  for (let checks = 0; checks < 40; checks++) {
    const move = verification(run, terms, { ...inputs, now });
    if (move === "failed") return assert.ok(now <= 400_000, `${now}`);
    assert.ok(typeof move === "object");
    if (move.kind === "wait") now = move.until;
    if (move.kind === "record") for (const event of move.events) run = applyEvent(run, event);
    if (move.kind !== "check") continue;
    now += 31_000;
    run = applyEvent(run, { type: "checked", at: now, held: "unknown", values: [] });
  }
  assert.fail("it never ends");
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

test("a measurement that takes so long that nobody knows what held meanwhile begins the hold anew", async () => {
  const world = createWorld();
  let spent = 0;
  world.deps.monotonic = () => world.clock.now() + spent;
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer: (call) => {
      if (call === 2) spent += 25_000;
      return { ok: true, done: true, output: { ok: true } };
    },
  });
  scripted(world.actions, "t.act", { effect: "reversible" });
  world.playbooks.set("p", playbook("p", [step("act", "t.act")], { verify: verify("t.read") }));
  const id = await world.open("p");
  await world.pass(300_000);
  assert.deepEqual([(await world.run(id)).ended?.state, read.calls.length], ["succeeded", 5]);
});
