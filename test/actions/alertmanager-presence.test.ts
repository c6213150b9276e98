import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { stillKnown } from "../../src/actions/alertmanager/presence.ts";
import { type AlertmanagerStub, startAlertmanagerStub } from "../stubs/alertmanager.ts";
import { connectionsOf } from "./support.ts";

const ALERT = { fingerprint: "f00d", labels: { alertname: "RouterDown" } };
let pair: readonly [AlertmanagerStub, AlertmanagerStub];
let connections: ReturnType<typeof connectionsOf>;

before(async () => {
  pair = [await startAlertmanagerStub(), await startAlertmanagerStub()];
  connections = connectionsOf({ alertmanager: { a: { url: pair[0].url }, b: { url: pair[1].url } } });
});
beforeEach(() => {
  for (const stub of pair) {
    stub.heal();
    stub.alerts.clear();
    stub.started.at = new Date(Date.now() - 3_600_000);
  }
});
after(async () => {
  await connections.close();
  for (const stub of pair) await stub.close();
});

const ask = (...names: readonly string[]) => {
  const asked = names.map((name) => connections.find("alertmanager", name));
  return stillKnown(asked, ALERT, AbortSignal.timeout(5_000));
};

test("an alert is gone when Alertmanager has run for a while and does not know it", async () => {
  assert.equal(await ask("a"), "gone");
  pair[0].alerts.set(ALERT.fingerprint, ALERT.labels);
  assert.equal(await ask("a"), "firing");
});

test("one that has just been started was not told yet what fires", async () => {
  pair[0].started.at = new Date(Date.now() - 240_000);
  assert.equal(await ask("a"), "unreadable");
  pair[0].alerts.set(ALERT.fingerprint, ALERT.labels);
  assert.equal(await ask("a"), "firing");
});

test("one that does not say since when it runs cannot say that an alert is gone", async () => {
  pair[0].fail({ kind: "status", status: 404 }, { on: /status/ });
  assert.equal(await ask("a"), "unreadable");
});

test("of a pair, one that knows the alert is enough, and gone is only what neither knows", async () => {
  pair[1].alerts.set(ALERT.fingerprint, ALERT.labels);
  assert.equal(await ask("a", "b"), "firing");
  pair[1].alerts.clear();
  assert.equal(await ask("a", "b"), "gone");
  pair[1].fail({ kind: "status", status: 503 });
  assert.equal(await ask("a", "b"), "unreadable");
  assert.equal(await ask(), "unreadable");
});
