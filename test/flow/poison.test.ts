import assert from "node:assert/strict";
import { test } from "node:test";
import { poisonWrites } from "../../src/flow/poison.ts";
import { ALERT, createWorld } from "../support/engine.ts";

const texts = async ({ store }: ReturnType<typeof createWorld>) =>
  (await store.list<{ kind: string; text: string }>("timeline:inc-1")).map(({ kind, text }) => `${kind}: ${text}`);

test("alerts that cannot be assessed open one incident, and later ones add their line to it", async () => {
  const world = createWorld();
  const { store } = world;
  const add = async (count: number) =>
    store.commit(await poisonWrites(store, Array(count).fill(ALERT), world.clock.now()));
  await add(1);
  await add(6);
  for (const index of ["incidents", "incidents:open"])
    assert.deepEqual((await store.page(index, { limit: 9 })).members, ["inc-1"]);
  const name = ALERT.id;
  const line = (count: number) =>
    `escalation: ${count} accepted alerts could not be assessed (${Array(Math.min(count, 5)).fill(name).join(", ")}); look at them: alerts with state poison`;
  assert.deepEqual(await texts(world), [line(1), line(6)]);
});

test("two workers at once open one incident", async () => {
  const world = createWorld();
  const { store } = world;
  const [one, other] = await Promise.all([1, 2].map(() => poisonWrites(store, [ALERT], world.clock.now())));
  assert.ok(one && other);
  assert.equal((await store.commit(one)).ok, true);
  assert.equal((await store.commit(other)).ok, false, "it is tried again, and finds the one that is open");
  const next = await poisonWrites(store, [ALERT], world.clock.now());
  await store.commit({
    checks: [],
    writes: [{ write: "field", hash: "incidents:open", field: "stanch=unassessed", value: null }],
  });
  assert.equal((await store.commit(next)).ok, false, "nothing is added to one that has been closed meanwhile");
});
