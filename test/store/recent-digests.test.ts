import assert from "node:assert/strict";
import { it } from "node:test";
import { recentDigests } from "../../src/store/redis/recent-digests.ts";

const digest = (n: number) => String(n);
const body = (alerts: number) => ({ group: "g", alerts });

it("remembers the bodies used last, per source", () => {
  const recent = recentDigests(2);
  recent.set("grafana", digest(1), body(1));
  recent.set("grafana", digest(2), body(2));
  assert.equal(recent.get("grafana", digest(1))?.alerts, 1);
  recent.set("grafana", digest(3), body(3));
  assert.deepEqual(
    [1, 2, 3].map((n) => recent.get("grafana", digest(n))?.alerts),
    [1, undefined, 3],
  );
  assert.equal(recent.get("alertmanager", digest(1)), undefined);
  recent.delete("grafana", digest(1));
  assert.equal(recent.get("grafana", digest(1)), undefined);
});
