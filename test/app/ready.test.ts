import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import { startService } from "./service.ts";

test("a service whose Redis is full is not ready, says why, and tells who decides that nothing was decided", async (t) => {
  const { ask, server } = await startService(t);
  const admin = new Redis(server.url);
  t.after(() => admin.disconnect());
  await admin.config("SET", "maxmemory", "1mb");
  const full = await ask("/-/ready");
  assert.equal(full.status, 503);
  assert.equal(full.json.checks.redis.ok, false);
  assert.match(full.json.checks.redis.detail, /it answered OOM; it is full: raise maxmemory$/);
  const paused = await ask("/api/v1/pause", "{}");
  assert.equal(paused.status, 503);
  assert.match(paused.json.error.message, /it is full: raise maxmemory; nothing was decided, try again$/);
});
