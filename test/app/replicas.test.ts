import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedis } from "../support/redis.ts";
import { startService } from "./service.ts";

const KEPT = 2_000;

test("a service whose writes no replica can confirm is not ready, and says why", async (t) => {
  const { ask, server } = await startService(t, {
    yaml: "durability: wait:1",
    redis: { "repl-diskless-sync-delay": "0" },
  });
  const alone = await ask("/-/ready");
  assert.equal(alone.status, 503);
  assert.deepEqual(alone.json.checks.redis, { ok: true });
  assert.equal(alone.json.checks.replicas.ok, false);
  assert.match(alone.json.checks.replicas.detail, /^0 of 1 replicas follow Redis; .*503.*; check replication/);
  const body = JSON.stringify({ alerts: [{ status: "firing", labels: { alertname: "Down" } }] });
  assert.equal((await ask("/webhooks/alertmanager", body)).status, 503);

  const replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
  t.after(() => replica.stop());
  const until = Date.now() + KEPT + 5_000;
  while ((await ask("/-/ready")).status !== 200) assert.ok(Date.now() < until, "it does not become ready");
  assert.deepEqual((await ask("/-/ready")).json.checks.replicas, { ok: true });
  assert.equal((await ask("/webhooks/alertmanager", body)).status, 202);
});

test("without replicas asked for there is no such check", async (t) => {
  const { ask } = await startService(t);
  assert.deepEqual(Object.keys((await ask("/-/ready")).json.checks), ["redis", "queue run", "queue notify"]);
});
