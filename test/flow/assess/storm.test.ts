import assert from "node:assert/strict";
import { test } from "node:test";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, over, SECOND } from "./world.ts";

const REDEPLOY = playbook({ name: "redeploy", match: [matcher("service", "=~", ".+")] });

test("5,000 alerts of one service: one incident, one run, a timeline that people can read", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  const alerts = Array.from({ length: 5_000 }, (_, i) => alert({ fingerprint: `f${i}`, labels: { pod: `p${i}` } }));
  for (let at = 0; at < alerts.length; at += 100) await world.post(alerts.slice(at, at + 100), { groupKey: `g${at}` });
  await world.drain();
  const [incident, ...more] = await world.incidents();
  assert.equal(more.length, 0);
  assert.deepEqual(incident?.counts, { firing: 5_000, total: 5_000 });
  assert.equal((await world.store.members("incident:inc-1:firing")).length, 5_000);
  assert.equal((await world.runs()).length, 1);
  const lines = (await world.texts("inc-1")).length;
  assert.ok(lines < 20, `${lines} lines`);
  world.clock.at += SECOND;
  for (let at = 0; at < alerts.length; at += 100)
    await world.post(
      alerts.slice(at, at + 100).map((one) => over(one, world.clock.at)),
      { groupKey: `g${at}` },
    );
  await world.drain();
  assert.equal((await world.incident("inc-1"))?.status, "resolved");
  assert.ok((await world.texts("inc-1")).length < 40);
});

test("500 services at once: 500 incidents with a run each", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  const alerts = Array.from({ length: 1_000 }, (_, i) =>
    alert({ fingerprint: `f${i}`, labels: { service: `s${i % 500}` } }),
  );
  for (let at = 0; at < alerts.length; at += 100) await world.post(alerts.slice(at, at + 100), { groupKey: `g${at}` });
  await world.drain();
  const incidents = await world.incidents();
  assert.equal(incidents.length, 500);
  assert.ok(incidents.every((incident) => incident.counts?.firing === 2));
  assert.equal((await world.runs()).length, 500);
});

test("one body with a thousand alerts is acknowledged with its last part, and does not hold the event loop", async () => {
  const world = createWorld({ playbooks: [REDEPLOY] });
  await world.post(Array.from({ length: 1_000 }, (_, i) => alert({ fingerprint: `f${i}` })));
  let turns = 0;
  let running = true;
  const count = (): void => {
    turns += 1;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  await world.drain();
  running = false;
  assert.ok(turns >= 10, `${turns} turns of the event loop`);
  assert.equal((await world.incident("inc-1"))?.counts?.total, 1_000);
  assert.deepEqual(await world.intake.waiting(1), []);
});
