import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionResult } from "../../../src/core/action.ts";
import type { Lease } from "../../../src/core/lease.ts";
import type { Committed, Tx } from "../../../src/core/store.ts";
import { decide } from "../../../src/flow/decide/decide.ts";
import { tendLease } from "../../../src/flow/lease.ts";
import { ANNA, CONFIG, constant, playbook, step, type World } from "../../support/engine.ts";
import {
  beginsWhileWriting,
  calmField,
  fieldWorld,
  leased,
  leaseForAnHour,
  leasesOf,
} from "../../support/field-world.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const DOWN: ActionResult = { ok: false, reason: "unreachable", message: "down", retryable: false, sent: "no" };

/** The lease as a commit writes it, if it writes one that a run undoes or has tried to undo. */
function leaseIn({ writes }: Tx): Lease | undefined {
  const put = writes.find((write) => write.write === "put" && write.kind === "lease");
  const lease = put?.write === "put" ? (put.body as Lease) : undefined;
  return lease?.revertRun === undefined ? undefined : lease;
}

/** What happens instead of a commit, or around it. */
type Around = (lease: Lease, commit: () => Promise<Committed>) => Promise<Committed>;

function aroundLease(world: World, meant: (lease: Lease) => boolean, around: Around): void {
  const { store } = world;
  const commit: typeof store.commit = (tx) => {
    const lease = leaseIn(tx);
    return lease && meant(lease) ? around(lease, () => store.commit(tx)) : store.commit(tx);
  };
  world.deps.store = { ...store, commit };
}

/** Around what begins the undoing of a lease. */
function aroundBegin(world: World, around: Around): void {
  aroundLease(world, ({ status }) => status === "reverting", around);
}

/** Around what records what an undoing came to. */
function aroundRecord(world: World, around: Around): void {
  aroundLease(world, ({ status }) => status !== "reverting", around);
}

/** From now on the field cannot be set; what is noted is when somebody tried. */
function outOfReach({ actions, clock }: World): readonly number[] {
  const tries: number[] = [];
  const set = actions.get("t.set");
  assert.ok(set);
  const run: typeof set.run = async () => {
    tries.push(clock.now());
    return DOWN;
  };
  actions.set("t.set", { ...set, run });
  return tries;
}

async function isDue({ store }: World, id: string): Promise<boolean> {
  return (await store.due(50)).some(({ member }) => member === `lease:${id}`);
}

test("a worker that comes late with what an undoing came to does not take back what a person has decided since", async () => {
  const { world } = calmField();
  const { id, lease } = await leaseForAnHour(world);
  outOfReach(world);
  const { store } = world;
  let decided: Lease | undefined;
  aroundRecord(world, async (_, commit) => {
    if (decided) return commit();
    await tendLease({ ...world.deps, store }, id);
    await decide({ ...world.deps, store }, ANNA, { verb: "extend", lease: id, for: 5 * HOUR });
    decided = await lease();
    return commit();
  });
  await world.pass(HOUR + 10_000);
  assert.ok(decided);
  assert.deepEqual(await lease(), decided);
  assert.equal((await world.timeline()).filter((line) => line.includes("tried again at")).length, 1);
});

test("where the incident changes while the end of its lease is recorded, that is done again at once", async () => {
  const { world } = calmField();
  const { id, lease } = await leaseForAnHour(world);
  const { store } = world;
  const woken: string[] = [];
  let refused = 0;
  aroundRecord(world, async (_, commit) => {
    if (refused > 0) return commit();
    const incident = await store.get("incident", "inc-1");
    assert.ok(incident);
    // A worker that had looked before the run ended plans its own next look only now.
    const at = world.clock.now() + MINUTE;
    const changed = { write: "put" as const, kind: "incident" as const, id: "inc-1", body: incident.body };
    await store.commit({ checks: [], writes: [changed, { write: "due", member: `lease:${id}`, at }] });
    woken.length = 0;
    const result = await commit();
    refused += result.ok ? 0 : 1;
    return result;
  });
  world.deps.queue = { ...world.deps.queue, wake: async (member) => void woken.push(member) };
  await world.pass(HOUR);
  await world.pass(5_000);
  assert.deepEqual([refused, (await lease()).status], [1, "reverted"]);
  assert.equal(woken.filter((member) => member === `lease:${id}`).length, 1);
});

test("an undoing that fails is tried again after one, two, four and eight minutes, and is not due before", async () => {
  const { world } = calmField();
  const { id, lease } = await leaseForAnHour(world);
  const tries = outOfReach(world);
  const due: boolean[] = [];
  aroundRecord(world, async (_, commit) => {
    const result = await commit();
    due.push(await isDue(world, id));
    return result;
  });
  await world.pass(2 * HOUR);
  const pauses = tries.slice(1).map((at, nth) => at - (tries[nth] ?? 0));
  assert.deepEqual(
    pauses.map((pause) => Math.floor(pause / MINUTE)),
    [1, 2, 4, 8],
  );
  assert.ok(pauses.every((pause) => pause % MINUTE <= 10_000));
  assert.equal((await lease()).status, "failed");
  assert.deepEqual(due, [false, false, false, false, false]);
});

test("a lease is not due any more from the moment that it is over, however it ended", async () => {
  for (const end of ["reverted", "kept", "failed"] as const) {
    const { world, field } = calmField();
    const { id, lease } = await leaseForAnHour(world);
    if (end === "failed") field.value = "by hand";
    const due: boolean[] = [];
    aroundRecord(world, async (_, commit) => {
      const result = await commit();
      due.push(await isDue(world, id));
      return result;
    });
    await decide(world.deps, ANNA, { verb: "pause", scope: "target:thing:one" });
    await world.pass(HOUR + MINUTE);
    if (end === "kept") await decide(world.deps, ANNA, { verb: "cancel", run: (await lease()).revertRun ?? "" });
    await decide(world.deps, ANNA, { verb: "resume", scope: "target:thing:one" });
    await world.pass(MINUTE);
    assert.deepEqual([(await lease()).status, due], [end, [false]]);
  }
});

test("nobody has to decide about a lease whose undoing met another value where a younger one has come over it since", async () => {
  const { world, field } = calmField();
  world.playbooks.set("old", playbook("old", [leased("on", 1)]));
  world.playbooks.set("young", playbook("young", [leased("full", 3)]));
  await world.open("old");
  await world.pass(30 * MINUTE);
  field.value = "by hand";
  const { store } = world;
  let held = 0;
  aroundRecord(world, async ({ id }) => {
    if (held++ === 0) await world.open("young", { id: "inc-2", key: "service=b" });
    return { ok: false, now: world.clock.now(), failed: { check: "rev", kind: "lease", id, rev: 0 } };
  });
  await world.pass(31 * MINUTE);
  assert.ok(held > 0);
  world.deps.store = store;
  await world.pass(5_000);
  assert.deepEqual(
    (await leasesOf(world)).map(({ status }) => status),
    ["superseded", "active"],
  );
  assert.equal(field.value, "full");
  assert.ok((await world.timeline()).every((line) => !/tried again at|a person has to decide/.test(line)));
  await world.pass(4 * HOUR);
  assert.equal(field.value, "by hand");
});

test("where nobody could look for long after a lease was undone, the same mitigation asks all the same", async () => {
  const { world, field, written } = fieldWorld();
  world.playbooks.set("p", playbook("p", [leased("on", 1)]));
  await world.open("p");
  await world.pass(59 * MINUTE);
  const { store } = world;
  aroundRecord(world, () => world.die());
  await world.pass(MINUTE + 5_000);
  assert.equal(field.value, "off");
  assert.equal((await leasesOf(world))[0]?.status, "reverting", "its run has ended, and nobody has written that down");
  world.deps.store = store;
  await world.leap(CONFIG.incidents.reopenWithin + 10 * MINUTE);
  await world.pass(2 * MINUTE);
  assert.deepEqual([field.value, written], ["off", ["on", "off"]]);
  assert.ok((await world.timeline()).some((line) => /^approval apr-\w+ asked for: the same mitigation was/.test(line)));
});

test("a lease that a person extends in the moment in which its undoing begins is not undone", async () => {
  const { world, field } = calmField();
  const { id, lease } = await leaseForAnHour(world);
  const { store } = world;
  let extended: Lease | undefined;
  aroundBegin(world, async (_, commit) => {
    if (extended) return commit();
    await decide({ ...world.deps, store }, ANNA, { verb: "extend", lease: id, for: 5 * HOUR });
    extended = await lease();
    return commit();
  });
  await world.pass(2 * HOUR);
  assert.ok(extended);
  assert.deepEqual([field.value, await lease()], ["on", extended]);
  await world.pass(5 * HOUR);
  assert.deepEqual([field.value, (await lease()).status], ["off", "reverted"]);
});

test("the run that undoes a lease begins at once, and the incident and its message follow its end at once", async () => {
  const { world } = calmField();
  const { id, lease } = await leaseForAnHour(world);
  const { store } = world;
  const wokenByLook = async (): Promise<readonly string[]> => {
    const woken: string[] = [];
    const queue = { ...world.deps.queue, wake: async (member: string) => void woken.push(member) };
    await tendLease({ ...world.deps, store, queue }, id);
    return woken;
  };
  aroundBegin(world, () => world.die());
  await world.pass(HOUR + 5_000);
  assert.deepEqual(await wokenByLook(), [`run:${(await lease()).revertRun}`]);
  world.deps.store = store;
  aroundRecord(world, () => world.die());
  await world.pass(MINUTE);
  assert.deepEqual(await wokenByLook(), ["incident:inc-1", "chat:inc-1"]);
  assert.equal((await lease()).status, "reverted");
});

test("what waits for the lock of the playbook that ends a lease asks, though nobody has looked at the lease since", async () => {
  const { world, written } = fieldWorld();
  beginsWhileWriting(world, "off");
  world.playbooks.set("p", playbook("p", [leased("on", 1, { onEnd: { kind: "playbook", name: "back" } })]));
  const off = step("off", "t.set", { with: constant({ name: "F", value: "off" }) });
  world.playbooks.set("back", playbook("back", [off], { on: "manual" }));
  await world.open("p");
  await world.pass(59 * MINUTE);
  aroundRecord(world, () => world.die());
  await world.pass(2 * MINUTE);
  assert.deepEqual(written, ["on", "off"]);
  const lines = (await world.store.list<{ text: string }>("timeline:inc-2")).map((entry) => entry.text);
  assert.ok(lines.some((line) => /^approval apr-\w+ asked for: the same mitigation was undone/.test(line)));
});
