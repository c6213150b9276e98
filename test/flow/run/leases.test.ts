import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../../src/core/approval.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { Lease } from "../../../src/core/lease.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { ANNA, condition, playbook, scripted, verify } from "../../support/engine.ts";
import { beginsWhileWriting, fieldWorld, leased } from "../../support/field-world.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

test("a lease never undoes what somebody else has changed since: a person is called instead", async () => {
  const { world, field } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.drain();
  field.value = "by hand";
  await world.pass(HOUR + 60_000);
  assert.equal(field.value, "by hand");
  const [id = ""] = (await world.store.page("leases", { limit: 5 })).members;
  assert.equal((await world.store.get<Lease>("lease", id))?.body.status, "failed");
  assert.ok((await world.timeline()).some((line) => line.includes("a person has to decide")));
});

test("leases on one field form a stack: the older one's end becomes the younger one's restore value", async () => {
  const { world, field, written } = fieldWorld();
  world.playbooks.set("old", playbook("old", [leased("on", 1)]));
  world.playbooks.set("young", playbook("young", [leased("full", 3)]));
  await world.open("old");
  await world.drain();
  await world.pass(60_000);
  await world.open("young", { id: "inc-2", key: "service=b" });
  await world.drain();
  assert.equal(field.value, "full");
  await world.pass(HOUR);
  assert.equal(field.value, "full", "the older lease ends under the younger one and writes nothing");
  await world.pass(2 * HOUR + 120_000);
  assert.deepEqual(written, ["on", "full", "off"]);
});

test("a lease whose playbook cannot be read any more ends by its time", async () => {
  const { world, field } = fieldWorld();
  const release = condition("facts.cpu < 0.5", () => true, ["cpu"]);
  world.playbooks.set("p", playbook("p", [leased("on", 1, { releaseWhen: [release], bake: 10 * 60_000 })]));
  await world.open("p");
  await world.drain();
  const { playbookOf } = world.deps;
  world.deps.playbookOf = async (run) => {
    if (run.created.lease !== undefined) return playbookOf(run);
    throw new AppError("invalid_playbook", "there is no fact cpu");
  };
  await world.pass(HOUR - MINUTE);
  assert.equal(field.value, "on");
  await world.pass(2 * MINUTE);
  assert.equal(field.value, "off");
});

test("release-when ends a lease early only after it has held for the bake time", async () => {
  const { world, field } = fieldWorld();
  let calm = false;
  const release = condition("facts.cpu < 0.5", () => calm, ["cpu"]);
  world.playbooks.set("p", playbook("p", [leased("on", 10, { releaseWhen: [release], bake: 10 * 60_000 })]));
  await world.open("p");
  await world.drain();
  await world.pass(HOUR);
  assert.equal(field.value, "on");
  calm = true;
  await world.pass(6 * 60_000);
  calm = false;
  await world.pass(2 * 60_000);
  calm = true;
  await world.pass(8 * 60_000);
  assert.equal(field.value, "on", "a break starts the bake time anew");
  await world.pass(5 * 60_000);
  assert.equal(field.value, "off");
});

test("a lease ends at most 30 days from now, however often it is extended", async () => {
  const DAY = 24 * HOUR;
  const { world } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.drain();
  const [lease = ""] = (await world.store.page("leases:active", { limit: 5 })).members;
  const extend = (by: number) => decide(world.deps, ANNA, { verb: "extend", lease, for: by });
  const far = await extend(4_000 * HOUR);
  assert.equal(far.ok, false);
  assert.match(far.sentence, /at most 30d from now: extend lease \S+ by at most 29d23h\S*; what shall stay for longer/);
  assert.equal((await extend(20 * DAY)).ok, true);
  assert.match((await extend(20 * DAY)).sentence, /by at most 9d23h/);
  await world.leap(15 * DAY);
  assert.equal((await extend(20 * DAY)).ok, true);
  await world.leap(24 * HOUR);
  assert.equal((await extend(5 * DAY + 23 * HOUR)).ok, true);
  assert.match((await extend(HOUR)).sentence, /by at most \S+;|lease \S+ ends \S+/);
});

test("a person extends a lease, and a revert that fails is tried again with growing pauses", async () => {
  const { world, field } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.drain();
  const [id = ""] = (await world.store.page("leases:active", { limit: 5 })).members;
  const extended = await decide(world.deps, ANNA, { verb: "extend", lease: id, for: HOUR });
  assert.match(extended.sentence, /by 1h, to 1970-01-01 \d\d:\d\d:\d\dZ$/);
  await world.pass(HOUR + 60_000);
  assert.equal(field.value, "on");
  const real = world.actions.get("t.set")!;
  let failures = 0;
  world.actions.set("t.set", {
    ...real,
    async run(input, ctx, before) {
      if (failures++ < 4) return { ok: false, reason: "unreachable", message: "down", retryable: true, sent: "no" };
      return real.run(input, ctx, before);
    },
  });
  await world.pass(HOUR + 10 * 60_000);
  assert.equal(field.value, "off");
  assert.equal((await world.store.get<Lease>("lease", id))?.body.status, "reverted");
});

test("what a person says was done is leased like anything else, and undone at its end", async () => {
  const { world, field } = fieldWorld();
  const real = world.actions.get("t.set")!;
  let lost = true;
  world.actions.set("t.set", {
    ...real,
    assume: (input, before) => ({ former: before?.["former"], value: input["value"] }),
    async run(input, ctx, before) {
      await real.run(input, ctx, before);
      if (!lost) return { ok: true, done: true, output: {} };
      lost = false;
      return { ok: false, reason: "timeout", message: "no answer", retryable: true, sent: "unknown" };
    },
  });
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  const id = await world.open("p");
  await world.drain();
  await decide(world.deps, ANNA, { verb: "answer", run: id, answer: "done" });
  await world.pass(HOUR + 60_000);
  assert.equal(field.value, "off");
});

test("a time in which nobody looked does not count for the bake time", async () => {
  const { world, field } = fieldWorld();
  const release = condition("true", () => true);
  world.playbooks.set("p", playbook("p", [leased("on", 10, { releaseWhen: [release], bake: 10 * 60_000 })]));
  await world.open("p");
  await world.drain();
  await world.pass(5 * 60_000);
  await world.leap(HOUR);
  await world.pass(8 * 60_000);
  assert.equal(field.value, "on", "it may not have held all the time");
  await world.pass(4 * 60_000);
  assert.equal(field.value, "off");
});

test("when a lease is undone while the alert still fires, the incident is open again", async () => {
  const { world } = fieldWorld();
  scripted(world.actions, "t.read", { effect: "read", answer: () => ({ ok: true, done: true, output: { ok: true } }) });
  world.playbooks.set("p", playbook("p", [leased("on", 1)], { verify: verify("t.read") }));
  await world.open("p");
  await world.pass(120_000);
  assert.equal((await world.store.get<Incident>("incident", "inc-1"))?.body.status, "mitigated");
  await world.pass(HOUR + 60_000);
  assert.notEqual((await world.store.get<Incident>("incident", "inc-1"))?.body.status, "mitigated");
  assert.ok((await world.timeline()).some((line) => line.startsWith("open again")));
});

test("after a lease was undone while the alert still fires, the same mitigation asks, and acts again once people say so", async () => {
  const { world, field } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.pass(HOUR + 120_000);
  assert.equal(field.value, "off", "nothing acts again by itself");
  const approvals = (await world.store.page("approvals", { limit: 9 })).members;
  assert.equal(approvals.length, 1);
  const [approval = ""] = approvals;
  assert.equal((await world.store.get<Approval>("approval", approval))?.body.offersKeep, true);
  assert.ok((await world.timeline()).some((line) => line.endsWith("was undone, and the alert still fires")));
  assert.ok((await decide(world.deps, ANNA, { verb: "approve", approval })).ok);
  await world.pass(60_000);
  assert.equal(field.value, "on");
});

test("a mitigation that people do not want again leaves the incident to people", async () => {
  const { world, field } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.pass(HOUR + 120_000);
  const [approval = ""] = (await world.store.page("approvals", { limit: 9 })).members;
  await decide(world.deps, ANNA, { verb: "reject", approval });
  await world.pass(120_000);
  assert.equal(field.value, "off");
  assert.ok((await world.timeline()).some((line) => line.startsWith("a person is needed")));
});

test("an `until` that cannot be told, or is over, is said with the lease: it ends after an hour instead", async () => {
  for (const [until, says] of [
    [
      { known: false, why: "steps.q.output.day is unknown" },
      /after 1h, as its until cannot be told \(steps\.q\.output\.day is unknown\)/,
    ],
    [{ known: true, value: 1 }, /after 1h, as its until is over \(1970-01-01 00:00:00Z\)/],
    [{ known: true, value: 32503680000000 }, /at 3000-01-01 00:00:00Z at the latest$/],
  ] as const) {
    const { world, field } = fieldWorld();
    const terms = { until: { text: "until", reads: [], render: () => until } };
    const { for: _, ...lease } = leased("on", 1, terms).lease ?? {
      releaseWhen: [],
      bake: 0,
      onEnd: { kind: "revert" },
    };
    world.playbooks.set("p", playbook("p", [{ ...leased("on", 1), lease }]));
    await world.open("p");
    await world.drain();
    assert.equal(field.value, "on");
    assert.match((await world.timeline()).find((line) => line.includes("at the latest")) ?? "", says);
  }
});

test("of two people who revert a lease at once, one does, and the second learns whose it was", async () => {
  const { world, written } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.drain();
  const [lease = ""] = (await world.store.page("leases", { limit: 1 })).members;
  const revert = () => decide(world.deps, ANNA, { verb: "revert", lease });
  const both = [await revert(), await revert()];
  assert.deepEqual(
    both.map(({ ok }) => ok),
    [true, false],
  );
  assert.match(both[1]?.sentence ?? "", /is being undone already: anna \(api\) reverted it$/);
  await world.drain();
  assert.deepEqual(written, ["on", "off"]);
  const said = (await world.timeline()).filter((line) => line.includes("reverts lease"));
  assert.equal(said.length, 1);
});

test("why somebody reverts a lease is on the timeline", async () => {
  const { world } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.drain();
  const [lease = ""] = (await world.store.page("leases", { limit: 1 })).members;
  await decide(world.deps, ANNA, { verb: "revert", lease, reason: "the provider is back" });
  assert.match((await world.timeline()).at(-1) ?? "", /^anna \(api\) reverts lease .* \(the provider is back\)$/);
});

test("what waits for the lock of an undoing asks, though nobody has looked at the lease since it was undone", async () => {
  const { world, written } = fieldWorld();
  beginsWhileWriting(world, "off");
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  const { store } = world;
  const isLookedAt = (tx: Parameters<typeof store.commit>[0]): boolean =>
    tx.writes.some((write) => write.write === "put" && write.kind === "lease" && "revertRun" in write.body);
  await world.open("p");
  await world.pass(59 * MINUTE);
  const commit: typeof store.commit = async (tx) =>
    isLookedAt(tx) && written.includes("off")
      ? { ok: false, now: world.clock.now(), failed: { check: "rev", kind: "lease", id: "", rev: 0 } }
      : store.commit(tx);
  world.deps.store = { ...store, commit };
  await world.pass(2 * MINUTE);
  assert.deepEqual(written, ["on", "off"]);
  const lines = (await store.list<{ text: string }>("timeline:inc-2")).map((entry) => entry.text);
  assert.ok(lines.some((line) => /^approval apr-\w+ asked for: the same mitigation was undone/.test(line)));
});
