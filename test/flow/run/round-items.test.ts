import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../../src/core/lease.ts";
import type { ForEachStep } from "../../../src/core/playbook/playbook.ts";
import type { Scope, Template } from "../../../src/core/scope.ts";
import { condition, constant, createWorld, playbook, scripted, step, verify } from "../../support/engine.ts";

const HOUR = 3_600_000;

/** As a playbook's `${{ }}` over the item; unknown where there is none. */
function ofShare<T>(render: (share: number, scope: Scope) => T): Template<T> {
  return {
    text: "share",
    reads: [],
    render: (scope) => {
      const share = scope.item?.["share"];
      return typeof share === "number"
        ? { known: true, value: render(share, scope) }
        : { known: false, why: "no item" };
    },
  };
}

const INPUT = ofShare((share) => ({ share }));
const above = (limit: number) =>
  condition("share > limit", ({ item }) => (item === undefined ? undefined : Number(item["share"]) > limit));

async function rounds(set: Parameters<typeof step>[2], more: Partial<ForEachStep> = {}) {
  const world = createWorld();
  const read = scripted(world.actions, "t.read", {
    effect: "read",
    answer: () => ({ ok: true, done: true, output: { ok: true } }),
  });
  scripted(world.actions, "t.set", {
    effect: "reversible",
    revert: (input) => ({ uses: "t.set", with: { ...input, undo: true } }),
  });
  const steps = [step("set", "t.set", { with: INPUT, ...set })];
  const loop: ForEachStep = { kind: "for-each", id: "r", as: "share", items: constant([10, 25]), steps, ...more };
  world.playbooks.set("p", playbook("p", [loop]));
  const id = await world.open("p");
  const leases = async () => {
    const { members } = await world.store.page("leases", { limit: 9 });
    const found = (await world.store.getMany<Lease>("lease", members)).flatMap((doc) => doc?.body ?? []);
    return found.toSorted((a, b) => a.step.localeCompare(b.step));
  };
  return { world, id, read, leases };
}

test("the checks of a round see its item", async () => {
  const checked = verify("t.read", { hold: 0 });
  const checks = checked.checks.map((check) => ({ ...check, with: INPUT }));
  const { world, id, read } = await rounds({}, { verify: { ...checked, checks } });
  await world.pass(60_000);
  assert.deepEqual(
    read.calls.map(({ input }) => input["share"]),
    [10, 25],
  );
  assert.equal((await world.run(id)).ended?.state, "succeeded");
});

test("a step's `ask-unless` sees the item of its round", async () => {
  const { world, id } = await rounds({ approval: { askUnless: above(20) } });
  await world.pass(5_000);
  const { asked, steps } = await world.run(id);
  assert.deepEqual([[...steps.keys()], asked !== undefined], [[], true], "10 asks");
  const other = await rounds({ approval: { askUnless: above(5) } });
  await other.world.pass(60_000);
  assert.equal((await other.world.run(other.id)).ended?.state, "succeeded", "nobody is asked");
});

test("a lease's end and its `release-when` see the item of its round", async () => {
  const until = ofShare((share, { now }) => now + share * HOUR);
  const { world, leases } = await rounds({
    lease: { until, releaseWhen: [above(20)], bake: 0, onEnd: { kind: "revert" } },
  });
  await world.drain();
  const hours = (await leases()).map((lease) => Math.round((lease.endsAt - lease.createdAt) / HOUR));
  assert.deepEqual(hours, [10, 25]);
  await world.pass(5 * 60_000);
  assert.deepEqual(
    (await leases()).map((lease) => lease.status),
    ["active", "reverted"],
  );
});
