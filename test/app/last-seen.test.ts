import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startService } from "./service.ts";

test("a repeat moves what the API says of when an alert was seen last", async (t) => {
  const { ask } = await startService(t, { yaml: "severity: [{ level: P1, when: 'true' }]" });
  const alerts = [{ status: "firing", labels: { alertname: "Down", service: "a" }, fingerprint: "f1" }];
  const body = JSON.stringify({ groupKey: "g", status: "firing", alerts });
  const alert = () => ask("/api/v1/alerts/alertmanager-f1-1");
  assert.equal((await ask("/webhooks/alertmanager", body)).status, 202);
  for (let tries = 0; (await alert()).json.state !== "unmatched"; tries++) {
    assert.ok(tries < 200, "it is not assessed");
    await sleep(10);
  }
  const first = (await alert()).json;
  assert.equal(first.lastSeen, first.openedAt);
  await sleep(20);
  assert.deepEqual((await ask("/webhooks/alertmanager", body)).json, { accepted: 0, unchanged: 1 });
  const { lastSeen, ...rest } = (await alert()).json;
  assert.ok(lastSeen > first.lastSeen, lastSeen);
  assert.deepEqual({ ...rest, lastSeen: first.lastSeen }, first);
  assert.equal((await ask("/api/v1/alerts")).json.items[0].lastSeen, lastSeen);
  assert.equal((await ask("/api/v1/incidents/inc-1")).json.episodes[0].lastSeen, lastSeen);
});
