import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "./service.ts";

test("on Redis too a body with an alert that cannot be read is told of it at every repeat, and its other alerts live", async (t) => {
  const { ask } = await startService(t, { yaml: "severity: [{ level: P1, when: 'true' }]" });
  const good = { status: "firing", labels: { alertname: "Down" }, fingerprint: "f1" };
  const body = JSON.stringify({ groupKey: "g", alerts: [{ ...good, labels: { alertname: 7 } }, good] });
  const details = [{ path: "alerts[0].labels.alertname", message: "expected a string" }];
  const answers = [];
  for (let times = 0; times < 3; times++) answers.push((await ask("/webhooks/alertmanager", body)).json);
  const repeat = { accepted: 0, unchanged: 1, rejected: 1, details };
  assert.deepEqual(answers, [{ accepted: 1, unchanged: 0, rejected: 1, details }, repeat, repeat]);
  assert.equal((await ask("/api/v1/alerts/alertmanager-f1-1")).json.labels.alertname, "Down");
});
