import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { AppError } from "../../../src/core/errors.ts";
import type { Incident } from "../../../src/core/incident.ts";
import type { IntakeEntry } from "../../../src/core/intake.ts";
import type { Committed, Store, Tx } from "../../../src/core/store.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, type Options, type World } from "./world.ts";

const REDEPLOY = playbook({ name: "redeploy", match: [matcher("service", "=~", ".+")] });

/** A world whose commits are a while on their way; `meanwhile` may answer the nth of those that say what became of alerts. */
function far(
  meanwhile: (n: number, store: Store, tx: Tx) => Promise<Committed | undefined>,
  ports: Options["ports"] = {},
) {
  const seen = { commits: 0, refused: 0, readIncidents: 0 };
  const world = createWorld({
    playbooks: [REDEPLOY],
    ports,
    store: (store) => ({
      ...store,
      getMany: (kind, ids) => {
        if (kind === "incident") seen.readIncidents += 1;
        return store.getMany(kind, ids);
      },
      async commit(tx) {
        const n = ++seen.commits;
        for (let turns = 0; turns < 20; turns += 1) await turn();
        const answer = (await meanwhile(n, store, tx)) ?? (await store.commit(tx));
        if (!answer.ok) seen.refused += 1;
        return answer;
      },
    }),
  });
  return { world, seen };
}

/** Bodies of one alert each, all of one service, in the hands of this process. */
async function taken(world: World, count: number): Promise<readonly IntakeEntry[]> {
  for (let n = 0; n < count; n += 1) await world.post([alert({ fingerprint: `f${n}` })], { groupKey: `g${n}` });
  return world.intake.read({ count, block: 0 });
}

async function assertWhole(world: World, count: number): Promise<void> {
  const incidents = await world.incidents();
  assert.deepEqual(
    incidents.map(({ counts }) => counts),
    [{ firing: count, total: count }],
  );
  assert.equal((await world.store.members("incident:inc-1:firing")).length, count);
  assert.equal((await world.runs()).length, 1);
  assert.deepEqual(await world.intake.waiting(1), []);
}

describe("bodies of one incident that are assessed at the same time", () => {
  it("are decided on while the former one's commit is on its way", async () => {
    const { world, seen } = far(async () => undefined);
    const entries = await taken(world, 6);
    await Promise.all(entries.map((entry) => world.assess.entry(entry)));
    await assertWhole(world, 6);
    assert.deepEqual(seen, { commits: 6, refused: 0, readIncidents: 0 });
  });

  it("are decided on anew when the former one did not take place, and keep what another worker wrote", async () => {
    const { world, seen } = far(async (n, store) => {
      const doc = n === 3 ? await store.get<Incident>("incident", "inc-1") : undefined;
      if (doc === undefined) return undefined;
      const body = { ...doc.body, title: "named by another worker" };
      await store.commit({ checks: [], writes: [{ write: "put", kind: "incident", id: "inc-1", body }] });
      return undefined;
    });
    const entries = await taken(world, 6);
    await Promise.all(entries.map((entry) => world.assess.entry(entry)));
    await assertWhole(world, 6);
    assert.equal((await world.incident("inc-1"))?.title, "named by another worker");
    assert.notEqual(seen.refused, 0);
  });

  it("count each alert once when nobody knows whether a commit took place", async () => {
    const { world } = far(async (n, store, tx) => {
      if (n !== 2) return undefined;
      await store.commit(tx);
      throw new AppError("unavailable", "the answer was lost");
    });
    const entries = await taken(world, 4);
    const outcomes = await Promise.allSettled(entries.map((entry) => world.assess.entry(entry)));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled", "fulfilled"],
    );
    for (const entry of entries) await world.assess.entry(entry);
    await assertWhole(world, 4);
  });

  it("ask the store about an incident only when what was decided before stands in it", async () => {
    const found: number[] = [];
    const raisedWrites = async () => {
      found.push((await world.runs()).length);
      return { checks: [], writes: [] };
    };
    const { world } = far(async () => undefined, { raisedWrites });
    await world.post([alert({ fingerprint: "a" })], { groupKey: "a" });
    await world.post([alert({ fingerprint: "b", severity: "disaster" })], { groupKey: "b" });
    const entries = await world.intake.read({ count: 2, block: 0 });
    await Promise.all(entries.map((entry) => world.assess.entry(entry)));
    assert.deepEqual(found, [1]);
    assert.equal((await world.incident("inc-1"))?.severity, "P0");
  });
});
