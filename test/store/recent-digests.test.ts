import assert from "node:assert/strict";
import { it } from "node:test";
import { recentDigests } from "../../src/store/redis/recent-digests.ts";

const body = (alerts: number) => ({ group: "g", alerts });

it("remembers the bodies used last, per source", () => {
  const recent = recentDigests(4);
  const known = (n: number) => recent.get("grafana", String(n))?.alerts;
  for (const n of [1, 2, 3]) recent.set("grafana", String(n), body(n));
  assert.equal(known(1), 1);
  for (const n of [4, 5]) recent.set("grafana", String(n), body(n));
  assert.deepEqual([5, 4, 2, 1].map(known), [5, 4, undefined, 1]);
  assert.equal(recent.get("alertmanager", "5"), undefined);
  recent.delete("grafana", "5");
  assert.equal(known(5), undefined);
});

it("remembers no more than its capacity, and at least the latest half of it", () => {
  const recent = recentDigests(100);
  for (let n = 0; n < 10_000; n++) recent.set("grafana", String(n), body(n));
  const remembered = Array.from({ length: 10_000 }, (_, n) => n).filter((n) => recent.get("grafana", String(n)));
  assert.ok(remembered.length <= 100 && remembered.length >= 50, `${remembered.length}`);
  assert.ok(Array.from({ length: 50 }, (_, n) => 9_950 + n).every((n) => remembered.includes(n)));
});

it("a body that comes again and again costs no more among many others", () => {
  const recent = recentDigests(5_000);
  const seconds = (rounds: number): number => {
    const started = performance.now();
    for (let n = 0; n < rounds; n++) recent.get("grafana", "hot");
    return performance.now() - started;
  };
  recent.set("grafana", "hot", body(1));
  seconds(20_000);
  const alone = seconds(20_000);
  for (let n = 0; n < 2_400; n++) recent.set("grafana", String(n), body(n));
  const among = Math.min(seconds(20_000), seconds(20_000), seconds(20_000));
  assert.ok(among < 20 * alone + 5, `${among} ms among others, ${alone} ms alone`);
});
