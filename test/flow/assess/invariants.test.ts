import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createAssess } from "../../../src/flow/assess/assess.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, MINUTE, over, SECOND, type World } from "./world.ts";

const FINGERPRINTS = ["a", "b", "c", "d"];

type Act =
  | { act: "fire"; which: number; peer: number }
  | { act: "resolve"; which: number; peer: number }
  | { act: "assess"; worker: number; order: number; twice: boolean }
  | { act: "drop" }
  | { act: "pass"; time: number };

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constantFrom("fire", "resolve"), which: fc.nat(3), peer: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant("assess"), worker: fc.nat(1), order: fc.nat(7), twice: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("drop") }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("pass"), time: fc.constantFrom(SECOND, MINUTE, 20 * MINUTE, 40 * MINUTE) }),
  },
) as fc.Arbitrary<Act>;

const redeploy = playbook({ name: "redeploy", match: [matcher("service", "=~", "svc.*")] });

/** Two fingerprints share an incident; levels differ, one has none. */
function sample(which: number, startsAt: number) {
  const severity = ["critical", "warning", "info", "disaster"][which] ?? "critical";
  return alert({
    fingerprint: FINGERPRINTS[which] ?? "a",
    severity,
    startsAt,
    labels: { service: which < 2 ? "svc1" : "svc2" },
  });
}

async function play(world: World, script: readonly Act[]): Promise<void> {
  const workers = [world.assess, createAssess(world.ports)];
  for (const one of script) {
    if (one.act === "fire")
      await world.post([sample(one.which, world.clock.at)], { groupKey: `${one.which} ${one.peer}` });
    else if (one.act === "resolve")
      await world.post([over(sample(one.which, world.clock.at), world.clock.at)], {
        groupKey: `${one.which} ${one.peer}`,
      });
    else if (one.act === "assess") await assessSome(world, workers[one.worker] ?? world.assess, one);
    else if (one.act === "drop") await world.intake.read({ count: 1, block: 0 });
    else await world.pass(one.time, Math.min(one.time, MINUTE));
    world.clock.at += 10;
  }
}

/** Hands entries out in another order, perhaps twice at the same moment. */
async function assessSome(
  world: World,
  worker: World["assess"],
  { order, twice }: { order: number; twice: boolean },
): Promise<void> {
  const entries = [...(await world.intake.read({ count: 4, block: 0 }))];
  const turned = [...entries.slice(order % 4), ...entries.slice(0, order % 4)];
  await Promise.all(
    turned.flatMap((entry) => (twice ? [worker.entry(entry), world.assess.entry(entry)] : [worker.entry(entry)])),
  );
}

async function settle(world: World): Promise<void> {
  world.clock.at += 40 * SECOND;
  for (const entry of await world.intake.reclaim(30 * SECOND)) await world.assess.entry(entry);
  await world.drain();
  await world.pass(2 * MINUTE, 30 * SECOND);
}

async function check(world: World): Promise<void> {
  assert.deepEqual(await world.intake.waiting(10), [], "an accepted body was never assessed");
  const keys = FINGERPRINTS.map((fingerprint) => ({ source: "alertmanager" as const, fingerprint }));
  const states = await world.intake.states(keys);
  const expected = new Map<string, Set<string>>();
  for (const [index, state] of states.entries()) {
    // Opening 0: it has ended before anything of it was seen.
    if (state === undefined || state.opening === 0) continue;
    const record = await world.record(FINGERPRINTS[index] ?? "", state.opening);
    assert.ok(record, "no record of a known episode");
    assert.equal(record.state.status, state.status);
    assert.equal(record.assessment === "none", record.incidentId === undefined);
    if (index !== 2 && state.status !== "resolved")
      assert.ok(record.incidentId, "a firing alert with a level has no incident");
    if (record.incidentId === undefined || state.status === "resolved") continue;
    expected.set(record.incidentId, (expected.get(record.incidentId) ?? new Set()).add(record.id));
  }
  for (const incident of await world.incidents()) {
    const firing = await world.store.members(`incident:${incident.id}:firing`);
    const episodes = await world.store.members(`incident:${incident.id}:episodes`);
    assert.deepEqual(new Set(firing), expected.get(incident.id) ?? new Set());
    assert.deepEqual(incident.counts, { firing: firing.length, total: episodes.length });
    assert.equal(incident.status === "resolved", firing.length === 0);
    await checkLines(world, incident.id, incident.opening);
  }
  const runs = await world.runs();
  assert.equal(new Set(runs.map((run) => `${run.incidentId} ${run.opening} ${run.target}`)).size, runs.length);
}

async function checkLines(world: World, id: string, opening: number): Promise<void> {
  const texts = await world.texts(id);
  const count = (start: string) => texts.filter((text) => text.startsWith(start)).length;
  assert.equal(count("Opened: "), 1);
  assert.equal(count("Opened again"), opening - 1);
  assert.ok(Math.abs(count("Resolved after") - opening) <= 1);
  const index = await world.indexed("incidents:resolved");
  assert.equal(index.includes(id), (await world.incident(id))?.status === "resolved");
}

test("however bodies are repeated, reordered, lost by a worker and raced, the end agrees with the episodes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: 40 }), async (script) => {
      const world = createWorld({ playbooks: [redeploy] });
      await play(world, script);
      await settle(world);
      await check(world);
    }),
    { numRuns: 150 },
  );
});
