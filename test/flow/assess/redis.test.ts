import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Incident } from "../../../src/core/incident.ts";
import type { TimelineEntry } from "../../../src/core/timeline.ts";
import { createAssess } from "../../../src/flow/assess/assess.ts";
import { connectRedisStore, type RedisBackend } from "../../../src/store/redis/index.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { matcher, playbook } from "./samples.ts";
import { alert, createWorld, over } from "./world.ts";

const backends: RedisBackend[] = [];
let redis: TestRedis;

before(async () => {
  redis = await startRedis();
});
after(async () => {
  await Promise.all(backends.map((backend) => backend.close()));
  await redis.stop();
});

function backend(): RedisBackend {
  const made = connectRedisStore({ url: redis.url, durability: { kind: "everysec" } });
  backends.push(made);
  return made;
}

/** A worker of its own, as another process would be. */
function worker() {
  const { store, intake } = backend();
  const playbooks = [playbook({ name: "redeploy", match: [matcher("service", "=~", ".+")] })];
  const { ports } = createWorld({ playbooks });
  return createAssess({ ...ports, store, intake }).start();
}

async function emptied(intake: RedisBackend["intake"]): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if ((await intake.backlog()).entries === 0) return;
    await sleep(25);
  }
  assert.fail("the backlog does not empty");
}

test("two workers on one Redis: a storm of 1,000 alerts over 10 services, then its end", async () => {
  const { store, intake } = backend();
  const workers = [worker(), worker()];
  const alerts = Array.from({ length: 1_000 }, (_, i) =>
    alert({ fingerprint: `f${i}`, labels: { service: `s${i % 10}` } }),
  );
  const post = async (bodies: typeof alerts): Promise<void> => {
    for (let at = 0; at < bodies.length; at += 20) {
      const group = {
        source: "alertmanager" as const,
        groupKey: `g${at}`,
        truncatedAlerts: 0,
        alerts: bodies.slice(at, at + 20),
      };
      await intake.accept(group, Buffer.from(JSON.stringify(group)));
    }
  };
  await post(alerts);
  await emptied(intake);
  const { members } = await store.page("incidents", { limit: 100 });
  assert.equal(members.length, 10);
  for (const doc of await store.getMany<Incident>("incident", members)) {
    assert.deepEqual(doc?.body.counts, { firing: 100, total: 100 });
    assert.equal(await store.size(`incident:${doc?.body.id}:firing`), 100);
    assert.equal(doc?.body.runs.length, 1);
    const lines = await store.list<TimelineEntry>(`timeline:${doc?.body.id}`);
    assert.equal(lines.filter((line) => line.text.startsWith("Opened")).length, 1);
  }
  assert.equal((await store.page("runs", { limit: 100 })).members.length, 10);
  const endsAt = await store.now();
  await post(alerts.map((one) => over(one, endsAt)));
  await emptied(intake);
  assert.deepEqual((await store.page("incidents:open", { limit: 100 })).members, []);
  assert.equal((await store.page("incidents:resolved", { limit: 100 })).members.length, 10);
  await Promise.all(workers.map((one) => one.stop(1_000)));
});
