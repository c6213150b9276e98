import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertRecord } from "../../../src/core/episode.ts";
import { AppError } from "../../../src/core/errors.ts";
import type { IntakeEntry } from "../../../src/core/intake.ts";
import { createAssess, createDeps } from "../../../src/flow/assess/assess.ts";
import { batchesOf, readSize } from "../../../src/flow/assess/batches.ts";
import { assessEntries } from "../../../src/flow/assess/entry.ts";
import { startWorker } from "../../../src/flow/assess/worker.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, over, SECOND, type World } from "./world.ts";

async function entriesOf(world: World): Promise<readonly IntakeEntry[]> {
  return world.intake.read({ count: 100, block: 0 });
}

test("an entry that failed five times becomes poison: visible, counted, paged, and out of the way", async () => {
  let poisoned = 0;
  const poisonWrites = async (records: readonly AlertRecord[]) => ({
    checks: [],
    writes: [{ write: "add", set: "paged", members: records.map((record) => record.id) } as const],
  });
  const world = createWorld({ ports: { poisonWrites, metrics: { poisoned: () => void poisoned++ } } });
  await world.post([alert()], { unreadable: true });
  const [first] = await entriesOf(world);
  assert.ok(first);
  for (let entry = first; entry.deliveries <= 5; ) {
    await assert.rejects(world.assess.entry(entry), /alerts\[0\]\.labels/);
    assert.equal((await world.intake.waiting(10)).length, 1, "not lost");
    world.clock.at += 31 * SECOND;
    const [next] = await world.intake.reclaim(30 * SECOND);
    assert.ok(next);
    entry = next;
    if (entry.deliveries > 5) await world.assess.entry(entry);
  }
  const record = await world.record("f");
  assert.equal(record?.assessment, "poison");
  assert.match(
    record?.explanation?.sentence ?? "",
    /could not be assessed in 5 deliveries \(alerts\[0\]\.labels: must be an object\)/,
  );
  assert.deepEqual(await world.indexed("alerts:poison"), ["alertmanager-f-1"]);
  assert.deepEqual(await world.store.members("paged"), ["alertmanager-f-1"]);
  assert.equal(poisoned, 1);
  assert.deepEqual(await world.intake.waiting(10), []);
});

test("a poisoned alert that can be read later is assessed then", async () => {
  const world = createWorld();
  await world.post([alert()], { unreadable: true });
  const [entry] = await entriesOf(world);
  assert.ok(entry);
  await world.assess.entry({ ...entry, deliveries: 6 });
  await world.send([alert({ annotations: { value: "1" } })]);
  assert.equal((await world.record("f"))?.assessment, "unmatched");
  assert.equal((await world.incidents()).length, 1);
  assert.deepEqual(await world.indexed("alerts:poison"), []);
});

test("giving an entry up does not touch what was assessed already", async () => {
  const world = createWorld();
  await world.send([alert()]);
  await world.post([over(alert(), world.clock.at)], { unreadable: true });
  const [entry] = await entriesOf(world);
  assert.ok(entry);
  await world.assess.entry({ ...entry, deliveries: 6 });
  assert.equal((await world.record("f"))?.assessment, "unmatched");
  await world.assess.wake("incident:inc-1");
  assert.equal((await world.incident("inc-1"))?.status, "resolved", "the next look sees the state");
});

test("two workers on one store, every entry handed to both: one incident, one run, one line", async () => {
  const world = createWorld({
    playbooks: [playbook({ name: "redeploy", match: [matcher("service", "=", "litellm")] })],
  });
  const other = createAssess(world.ports);
  for (let i = 0; i < 30; i += 1) await world.post([alert({ fingerprint: `f${i}` })], { groupKey: `g${i}` });
  const entries = await entriesOf(world);
  assert.equal(entries.length, 30);
  await Promise.all(entries.flatMap((entry) => [world.assess.entry(entry), other.entry(entry)]));
  const [incident, ...more] = await world.incidents();
  assert.equal(more.length, 0);
  assert.deepEqual(incident?.counts, { firing: 30, total: 30 });
  assert.equal((await world.store.members("incident:inc-1:firing")).length, 30);
  assert.equal((await world.runs()).length, 1);
  const texts = await world.texts("inc-1");
  assert.equal(texts.filter((text) => text.startsWith("Opened")).length, 1);
  assert.deepEqual(await world.intake.waiting(10), []);
});

test("firing and resolved of many alerts, applied by two workers in any order, end resolved", async () => {
  const world = createWorld();
  const other = createAssess(world.ports);
  const alerts = Array.from({ length: 20 }, (_, i) => alert({ fingerprint: `f${i}` }));
  await world.send(alerts);
  world.clock.at += SECOND;
  for (const [i, one] of alerts.entries()) await world.post([over(one, world.clock.at)], { groupKey: `g${i}` });
  const entries = await entriesOf(world);
  await Promise.all(entries.map((entry, i) => (i % 2 === 0 ? world.assess : other).entry(entry)));
  const incident = await world.incident("inc-1");
  assert.equal(incident?.status, "resolved");
  assert.deepEqual(incident?.counts, { firing: 0, total: 20 });
  assert.equal((await world.texts("inc-1")).filter((text) => text.startsWith("Resolved after")).length, 1);
});

test("a commit that the store refuses is decided anew; one that cannot be sent leaves the entry waiting", async () => {
  let failures = 2;
  const world = createWorld({
    store: (store) => ({
      ...store,
      async commit(tx) {
        failures -= 1;
        if (failures === 1) return { ok: false, now: 0, failed: { check: "empty", set: "x" } };
        if (failures === 0) throw new AppError("unavailable", "no store");
        return store.commit(tx);
      },
    }),
  });
  await world.post([alert()]);
  const [entry] = await entriesOf(world);
  assert.ok(entry);
  await assert.rejects(world.assess.entry(entry), /no store/);
  assert.equal((await world.incidents()).length, 0);
  await world.assess.entry(entry);
  assert.equal((await world.incidents()).length, 1);
  assert.deepEqual(await world.intake.waiting(10), []);
});

test("an entry whose episodes the intake no longer knows is acknowledged", async () => {
  const world = createWorld();
  await world.post([alert()]);
  const [entry] = await entriesOf(world);
  assert.ok(entry);
  await world.assess.entry({ ...entry, changed: ["nobody"] });
  assert.deepEqual(await world.intake.waiting(10), []);
});

test("the worker takes what is accepted, survives a store that is away, and stops", async () => {
  const world = createWorld();
  let away = 2;
  const intake = {
    ...world.intake,
    async read(options: { count: number; block: number }) {
      away -= 1;
      if (away >= 0) throw new AppError("unavailable", "no store");
      return world.intake.read({ ...options, block: 20 });
    },
  };
  const done = Promise.withResolvers<void>();
  const worker = startWorker({
    intake,
    log: world.ports.log,
    async assess(entries) {
      for (const entry of entries) await world.assess.entry(entry);
      done.resolve();
    },
  });
  await world.post([alert()]);
  await done.promise;
  await worker.stop(1_000);
  assert.equal((await world.incidents()).length, 1);
  await world.post([alert({ fingerprint: "late" })]);
  assert.equal((await world.intake.waiting(10)).length, 1);
});

test("an entry that this worker is still busy with is not begun twice", async () => {
  const world = createWorld();
  await world.post([alert()]);
  const [entry] = await entriesOf(world);
  assert.ok(entry);
  let begun = 0;
  const handed = [entry, entry];
  const release = Promise.withResolvers<void>();
  const worker = startWorker({
    intake: {
      read: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return handed.splice(0, 1);
      },
      reclaim: async () => [entry],
    },
    log: world.ports.log,
    assess() {
      begun += 1;
      return release.promise;
    },
  });
  while (handed.length > 0) await new Promise((resolve) => setImmediate(resolve));
  release.resolve();
  await worker.stop(1_000);
  assert.equal(begun, 1);
});

test("an entry that failed because the store was away is tried again at once, another failure is not", async () => {
  const world = createWorld();
  await world.post([alert()]);
  const [entry] = await entriesOf(world);
  assert.ok(entry);
  const failures = [
    new AppError("unavailable", "no store"),
    new AppError("unavailable", "no store"),
    new Error("a bug"),
  ];
  let tried = 0;
  const handed = [entry];
  const worker = startWorker({
    intake: {
      async read() {
        await new Promise((resolve) => setImmediate(resolve));
        return handed.splice(0, 1);
      },
      reclaim: async () => [],
    },
    log: world.ports.log,
    async assess() {
      tried += 1;
      throw failures[tried - 1] ?? new Error("too often");
    },
  });
  while (tried < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  await worker.stop(1_000);
  assert.equal(tried, 3);
});

const entry = (id: number, alerts: number, deliveries = 1): IntakeEntry => {
  const changed = Array.from({ length: alerts }, (_, i) => `${id}-${i}`);
  return { id: `${id}-0`, source: "alertmanager", body: "x".repeat(alerts * 700), changed, acceptedAt: 0, deliveries };
};

test("small bodies are assessed together, up to a hundred alerts; what failed before goes alone", () => {
  const sizes = (entries: readonly IntakeEntry[]) => batchesOf(entries).map((batch) => batch.map((one) => one.id));
  assert.deepEqual(sizes([]), []);
  assert.deepEqual(sizes([entry(1, 40), entry(2, 60), entry(3, 1)]), [["1-0", "2-0"], ["3-0"]]);
  assert.deepEqual(sizes([entry(1, 500), entry(2, 1), entry(3, 99)]), [["1-0"], ["2-0", "3-0"]]);
  assert.deepEqual(sizes([entry(1, 1), entry(2, 1, 2), entry(3, 1), entry(4, 1)]), [["1-0"], ["2-0"], ["3-0", "4-0"]]);
});

test("few entries are taken at a time when bodies are large, many when they are small", () => {
  assert.equal(readSize([]), 8);
  assert.equal(readSize([entry(1, 1)]), 64);
  assert.equal(readSize([entry(1, 10_000)]), 8);
});

test("bodies of one alert that are assessed together end in its newest state and text", async () => {
  const world = createWorld();
  await world.post([alert({ annotations: { value: "1" } })]);
  world.clock.at += SECOND;
  await world.post([alert({ annotations: { value: "2" } }), alert({ fingerprint: "g" })], { groupKey: "h" });
  const entries = await entriesOf(world);
  await assessEntries(createDeps(world.ports), [...entries].reverse());
  assert.equal((await world.record("f"))?.alert.annotations["value"], "2");
  assert.deepEqual((await world.incident("inc-1"))?.counts, { firing: 2, total: 2 });
  assert.deepEqual(await world.intake.waiting(10), []);
});

test("one body that cannot be read does not hold up those that arrived with it", async () => {
  const world = createWorld();
  await world.post([alert()]);
  await world.post([alert({ fingerprint: "bad" })], { unreadable: true, groupKey: "bad" });
  await world.post([alert({ fingerprint: "g" })], { groupKey: "h" });
  const worker = world.assess.start();
  while ((await world.intake.waiting(10)).length > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await worker.stop(2_000);
  assert.deepEqual(
    (await world.intake.waiting(10)).map((one) => one.changed),
    [["bad"]],
  );
  assert.deepEqual((await world.incident("inc-1"))?.counts, { firing: 2, total: 2 });
});
